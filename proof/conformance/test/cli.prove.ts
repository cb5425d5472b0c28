import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConformanceReport } from '../src/index.ts';
import { toHook } from './broken/exchange.ts';
import { BROKEN_IMPLEMENTATIONS } from './broken/index.ts';
import { type SystemUnderTest, startSystem } from './support/system.ts';

const MAIN = fileURLToPath(new URL('../src/conformance-cli.ts', import.meta.url));

let system: SystemUnderTest;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

/** Runs the command of `pnpm conformance`, in a process of its own. */
async function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, stdout, stderr };
}

const access = () => ['--url', system.options.url, '--token', system.options.token];

test('a run without a broken guarantee prints a table, and exit code 0', async () => {
  const { exitCode, stdout } = await run([...access(), '--only', 'T5,T24,T35']);
  expect(stdout).toMatch(/held +T5 +a new invoice has version 1/);
  expect(stdout).toMatch(/held +T24/);
  expect(stdout).toMatch(/not shown +T35.+\n +needs --trust-url/);
  expect(stdout).toContain('Nothing is broken: 2 held, 1 not shown, in ');
  expect(exitCode).toBe(0);
});

test('--json prints the report as JSON, with callbacks and the payment system checked', async () => {
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

test('a run with a broken guarantee names it and has exit code 1', async () => {
  const broken = BROKEN_IMPLEMENTATIONS.find(({ breaks }) => breaks.includes('T24')) ?? expect.fail();
  system.setHooks({ front: toHook(broken, system.options.token) });
  try {
    const { exitCode, stdout } = await run([...access(), '--only', 'T24,T27']);
    expect(stdout).toMatch(/BROKEN +T24 .+\n +.+expected 409 OPERATION_BODY_MISMATCH, got 200/);
    expect(stdout).toMatch(/held +T27/);
    expect(stdout).toContain('BROKEN: 1: 1 held, 0 not shown');
    expect(exitCode).toBe(1);
  } finally {
    system.setHooks({});
  }
});

test.concurrent.each<[string, () => string[], string]>([
  ['no URL', () => ['--token', 'x'], "required option '--url <url>'"],
  ['no token', () => ['--url', 'http://127.0.0.1:9'], "required option '--token <token>'"],
  ['an invalid URL', () => ['--url', 'here', '--token', 'x'], 'Expected an http:// or https:// URL'],
  [
    'half of the options for Trust',
    () => [...access(), '--trust-url', 'http://127.0.0.1:9'],
    'must be given together',
  ],
  ['a token that is not accepted', () => [...access().slice(0, 2), '--token', 'x'], 'refuses the token (401'],
])('%s: the message says so, and the exit code is 2', async (_, args, message) => {
  const { exitCode, stderr } = await run(args());
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test('--help lists the options and the exit codes', async () => {
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
  expect(stdout).toContain(
    'Exit code: 0 no guarantee is broken; 1 at least one is; 2 the check could not run.',
  );
  expect(exitCode).toBe(0);
});
