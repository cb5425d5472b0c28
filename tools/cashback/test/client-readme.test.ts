import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { DEV_PORTS, urlOf } from '@cashback/system';
import { type AppProcess, startProcess } from '@cashback/system/app-process';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mainOf } from './support/app-help.ts';
import { readText } from './support/documents.ts';

const run = promisify(execFile);
const text = readText('packages/published/client/README.md');
const token = 'token-of-the-example';
const scopes = ['register', 'events', 'order', 'rates', 'reconcile', 'breaker', 'attention', 'payee'];
/** Every block of code, without its fence. */
const blocks = [...text.matchAll(/```(?:js|ts)\n([^]*?)```/g)].map(([, code = '']) => code);
const [example = '', ...snippets] = blocks;

let database: TestDatabase;
let server: AppProcess;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  // Inside the package, so that the examples find the client.
  const data = path.join(import.meta.dirname, '../.data');
  mkdirSync(data, { recursive: true });
  folder = mkdtempSync(path.join(data, 'client-readme-'));
  server = await startProcess({
    name: 'server',
    main: mainOf('server'),
    env: {
      DATABASE_URL: database.url,
      PORT: '0',
      BEARER_TOKENS: JSON.stringify([{ caller: 'readme', token, scopes }]),
      // The breaker holds the order of the example, so that one can be released.
      BREAKER: '{"yellow":{"window_s":3600,"max_growth":"1"}}',
    },
    log_file: path.join(folder, 'server.log'),
  });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function runCode(name: string, code: string): Promise<string> {
  const file = path.join(folder, name);
  writeFileSync(file, code);
  const env = { CASHBACK_URL: server.url, CASHBACK_TOKEN: token };
  const { stdout } = await run(process.execPath, [file], { env });
  return stdout;
}

test('the first example in the README of the client runs as it is, and prints what its comment says', async () => {
  expect(example).toContain(`CASHBACK_URL=${urlOf(DEV_PORTS.server)}`);
  const [, comment = 'no comment'] = /console\.log\(registered\..*\/\/ (.*)$/m.exec(example) ?? [];
  const [first, ...others] = (await runCode('register.mjs', example)).trimEnd().split('\n');
  expect(first).toBe(comment);
  expect(others.slice(0, 2).toSorted()).toEqual(['service 2.5000', 'user 5.0000']);
});

test('every further example in it runs against a server', async () => {
  expect(snippets.length).toBeGreaterThan(5);
  const given = `
    import { createCashbackClient, latestValues } from '@cashback/client';
    const client = createCashbackClient({ url: process.env.CASHBACK_URL, token: process.env.CASHBACK_TOKEN });
    const payee = { user_id: 'user-1', wallet_id: 'wallet-1', currency: 'USD' };
    const inputs = ['order-2', 'order-3'].map((order_id) => ({
      order_id, service: 'yellow', ...payee, invoice_version: 1, cleared_sum: '10', cashback_sum: '1',
    }));
    const older_than = new Date().toISOString();
    const savedCursor = undefined;
    const stopping = new AbortController();
    const { signal } = stopping;
    const save = async (known) => { console.log('saved', known.length > 0); stopping.abort(); };
    const stopped = (error) => { if (!signal.aborted) throw error; };`;
  const parts = snippets.map((code) => `await (async () => {\n${code}})().catch(stopped);`);
  const printed = await runCode('snippets.mjs', `${given}\n${parts.join('\n')}\nclient.close();\n`);
  expect(printed).toContain('yellow USD');
  expect(printed).toMatch(/held_by_breaker [1-9]/);
  expect(printed).toContain('saved true');
});
