import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, waitUntil } from '@cashback/testing';
import { send, testServer } from './support.ts';

interface Child {
  process: ChildProcess;
  messages: { ready: boolean; url: string }[];
  out: () => string;
  err: () => string;
  ended: Promise<{ code: number | null; signal: string | null }>;
}

const APP = new URL('./fixtures/app.ts', import.meta.url);
const PARENT = new URL('./fixtures/parent.ts', import.meta.url);
const GOOD = { PATH: process.env['PATH'], PORT: '0', SERVER_TOKEN: 'a-token-of-the-server' };

function start(env: NodeJS.ProcessEnv = {}, args: string[] = [], program = APP): Child {
  const child = spawn(process.execPath, [fileURLToPath(program), ...args], {
    env: { ...GOOD, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  const messages: Child['messages'] = [];
  child.on('message', (message) => messages.push(message as Child['messages'][number]));
  const outputEnded = [child.stdout, child.stderr].flatMap((stream) =>
    stream === null ? [] : [once(stream, 'close')],
  );
  const ended = once(child, 'exit').then(async ([code, signal]) => {
    await Promise.all(outputEnded);
    return { code, signal };
  });
  return { process: child, messages, out: () => out, err: () => err, ended };
}

async function startReady(env: NodeJS.ProcessEnv = {}): Promise<Child & { url: string }> {
  const child = start(env);
  await waitUntil('the app is ready', () => child.messages.length > 0);
  return { ...child, url: child.messages[0]?.url ?? '' };
}

describe('an app', () => {
  test('notifies its parent when it is ready, and where', async () => {
    const child = await startReady();
    expect(child.messages).toEqual([
      { ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
    ]);
    expect(await send(`${child.url}/health`)).toMatchObject({
      status: 503,
      json: { reason: 'closed today' },
    });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('stops in order at %s and ends with 0', async (signal) => {
    const child = await startReady();
    child.process.kill(signal);
    expect(await child.ended).toEqual({ code: 0, signal: null });
    const messages = child
      .out()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages).toEqual(['ready', 'stopping', 'goods are stored', 'stopped']);
  });

  test('that hangs while it stops ends at once at the second signal', async () => {
    const child = await startReady({ BEHAVIOUR: 'hanging-stop' });
    child.process.kill('SIGTERM');
    await waitUntil('the app is stopping', () => child.out().includes('stopping'));
    child.process.kill('SIGTERM');
    expect(await child.ended).toEqual({ code: 1, signal: null });
  });

  test('that hangs while it stops ends within the bound', async () => {
    const child = await startReady({ BEHAVIOUR: 'hanging-stop' });
    child.process.kill('SIGTERM');
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.out()).toContain('did not stop in time');
  });

  test('that fails to stop logs the error and ends with 1', async () => {
    const child = await startReady({ BEHAVIOUR: 'failing-stop' });
    child.process.kill('SIGTERM');
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.out()).toContain('the door is stuck');
  });

  test('that is stopped during its start finishes the start, then stops, and never reports ready', async () => {
    const child = start({ BEHAVIOUR: 'slow-start' });
    await waitUntil('the app is starting', () => child.out().includes('starting'));
    child.process.kill('SIGTERM');
    expect(await child.ended).toEqual({ code: 0, signal: null });
    expect(child.out()).toContain('goods are stored');
    expect(child.messages).toEqual([]);
  });

  test('stops when the channel to its parent closes', async () => {
    const child = await startReady();
    child.process.disconnect();
    expect(await child.ended).toEqual({ code: 0, signal: null });
    expect(child.out()).toContain('the parent process is gone');
  });

  test('does not outlive a parent that is killed', async () => {
    const parent = start({}, [], PARENT);
    await waitUntil('the app is ready', () => /^\d+\n$/.test(parent.out()));
    const pid = Number(parent.out());
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
    expect(isAlive(pid)).toBe(true);
    parent.process.kill('SIGKILL');
    await waitUntil('the app ends', () => !isAlive(pid));
  });

  test.each([
    ['rejection', 'unhandled rejection', 'nobody waits for me'],
    ['exception', 'uncaught exception', 'nobody catches me'],
  ])('with an unhandled %s logs it and ends with 1', async (BEHAVIOUR, what, message) => {
    const child = start({ BEHAVIOUR });
    expect(await child.ended).toEqual({ code: 1, signal: null });
    const line = child
      .out()
      .split('\n')
      .find((one) => one.includes(what));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'fatal', msg: what, err: { message } });
  });
});

describe('an app that cannot start', () => {
  test('lists everything that is wrong with its settings, shows no secret, and ends with 1', async () => {
    const child = start({ PORT: 'http', SERVER_TOKEN: 'hunter2', LOG_LEVEL: 'loud' });
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.err()).toBe(
      [
        'shop: Settings are missing or wrong:',
        '  PORT: expected a whole number from 0 to 65535, got "http"',
        '      example: PORT=8080',
        '  SERVER_TOKEN: expected a secret of at least 16 characters, got 7 characters',
        "      example: SERVER_TOKEN='<random text>'",
        '  LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"',
        '      example: LOG_LEVEL=info',
        '',
      ].join('\n'),
    );
    expect(child.messages).toEqual([]);
  });

  test('because its port is taken says which and what to do', async () => {
    const port = new URL(await testServer().start()).port;
    const child = start({ PORT: port });
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.err()).toBe(
      `shop: port ${port} is taken: stop the other program or set PORT to a free one\n`,
    );
  });

  test('for a reason that is expected prints it without a stack', async () => {
    const child = start({ BEHAVIOUR: 'start-error' });
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.err()).toBe('shop: the database is older than this app: run the migrations\n');
  });

  test('because of a fault of its own prints the stack', async () => {
    const child = start({ BEHAVIOUR: 'start-bug' });
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.err()).toMatch(/^shop: TypeError: x is not a function\n +at /);
  });

  test('because of an unknown option names it', async () => {
    const child = start({}, ['--jsn']);
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.err()).toContain("unknown option '--jsn'");
  });
});

test('--help states what the app does and every environment variable, and needs no settings', async () => {
  const child = start({ PORT: '', SERVER_TOKEN: '' }, ['--help']);
  expect(await child.ended).toEqual({ code: 0, signal: null });
  for (const text of [
    'Sells things',
    '--json',
    'PORT (required)',
    'BEHAVIOUR (default good)',
    'LOG_LEVEL (default info)',
  ]) {
    expect(child.out()).toContain(text);
  }
});
