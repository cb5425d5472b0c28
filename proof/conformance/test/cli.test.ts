import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { freePort } from '@cashback/system/free-ports';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConformanceReport } from '../src/index.ts';
import { FAULTS } from './faults.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { type SystemUnderTest, startSystem } from './system.ts';

const MAIN = fileURLToPath(new URL('../src/conformance-cli.ts', import.meta.url));

let system: SystemUnderTest;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

/** Runs `pnpm conformance` as its user would. */
async function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, stdout, stderr };
}

const access = () => ['--url', system.options.url, '--token', system.options.token];

test('nothing broken: a table, and exit code 0', async () => {
  const { exitCode, stdout } = await run([...access(), '--only', 'T5,T24,T35']);
  expect(stdout).toMatch(/held +T5 +an invoice is created as version 1/);
  expect(stdout).toMatch(/held +T24/);
  expect(stdout).toMatch(/not shown +T35.+\n +needs --trust-url/);
  expect(stdout).toContain('Nothing is broken: 2 held, 1 not shown, in ');
  expect(exitCode).toBe(0);
});

test('everything about it, as JSON, with callbacks and the payment system', async () => {
  const { url, trust, callbacks, reader_token } = system.options;
  const { exitCode, stdout } = await run(
    `--url ${url} --only T2,T33,T35 --json --trust-url ${trust.url} --callback-port ${callbacks.port}`.split(
      ' ',
    ),
    {
      CONFORMANCE_TOKEN: system.options.token,
      CONFORMANCE_READER_TOKEN: reader_token,
      CONFORMANCE_TRUST_TOKEN: trust.token,
      CONFORMANCE_INVOICE_SECRET: callbacks.invoice_secret,
      CONFORMANCE_OPERATION_SECRET: callbacks.operation_secret,
    },
  );
  const report = JSON.parse(stdout) as ConformanceReport;
  expect(report).toMatchObject({ url: system.options.url, held: 3, broken: 0, not_shown: 0 });
  expect(exitCode).toBe(0);
});

test('something broken: it is named, and exit code 1', async () => {
  const broken = FAULTS.find(({ breaks }) => breaks.includes('T24')) ?? expect.fail('there is no such fault');
  const proxy = await startFaultyProxy(
    { url: system.options.url, token: system.options.token, open: false },
    broken.fault(),
  );
  try {
    const args = ['--url', proxy.url, '--token', system.options.token, '--only', 'T24,T27'];
    const { exitCode, stdout } = await run(args);
    expect(stdout).toMatch(/BROKEN +T24 .+\n +.+expected 409 OPERATION_BODY_MISMATCH, got 200/);
    expect(stdout).toMatch(/held +T27/);
    expect(stdout).toContain('BROKEN: 1: 1 held, 0 not shown');
    expect(exitCode).toBe(1);
  } finally {
    await proxy.stop();
  }
});

test.each<[string, () => Promise<string[]> | string[], string]>([
  ['no URL', () => ['--token', 'x'], "required option '--url <url>'"],
  ['no token', () => ['--url', 'http://127.0.0.1:9'], "required option '--token <token>'"],
  ['a URL that is none', () => ['--url', 'here', '--token', 'x'], 'Expected an http:// or https:// URL'],
  [
    'half of what Trust needs',
    () => [...access(), '--trust-url', 'http://127.0.0.1:9'],
    'are needed together',
  ],
  ['a guarantee that is none', () => [...access(), '--only', 'T99'], 'there is no guarantee T99'],
  ['a token that is not accepted', () => [...access().slice(0, 2), '--token', 'x'], 'refuses the token (401'],
  [
    'nobody who answers',
    async () => ['--url', `http://127.0.0.1:${await freePort()}`, '--token', 'x'],
    'cannot be called',
  ],
])('%s: it says so, and exit code 2', async (_, args, message) => {
  const { exitCode, stderr } = await run(await args());
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test('--help tells of every option, and of the exit codes', async () => {
  const { exitCode, stdout } = await run(['--help']);
  for (const option of [
    '--url',
    '--token',
    '--reader-token',
    '--trust-url',
    '--callback-port',
    '--only',
    '--json',
  ]) {
    expect(stdout).toContain(option);
  }
  expect(stdout).toContain('Exit code: 0 nothing is broken; 1 something is; 2 it could not be run.');
  expect(exitCode).toBe(0);
});
