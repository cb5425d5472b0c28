import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '@cashback/system';
import { waitUntil } from '@cashback/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeWorkFolder } from '../src/work-folder.ts';
import { type Process, stillRunning, treeOf } from './process-tree.ts';

const PNPM = 'pnpm@12.21.0';
/** The runner gets 5 s to stop, what it started 5 s, their apps 15 s: a machine that is busy needs all of it. */
const END_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 240_000;
const TEST_TIMEOUT_MS = 600_000;

let tree: Process[] = [];
/** Where the demos make their folders. */
let folders: string;
beforeEach(() => {
  folders = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
});
afterEach(() => {
  for (const { pid } of stillRunning(tree)) process.kill(pid, 'SIGKILL');
  tree = [];
  rmSync(folders, { recursive: true, force: true });
});

/** Starts a command as README says, in a process group of its own, as a terminal does. */
async function start(
  args: readonly string[],
  isUp: (tree: readonly Process[], output: string) => boolean,
  settings: Record<string, string> = {},
) {
  const { DATABASE_URL: _, NODE_OPTIONS: __, VITEST: ___, ...env } = process.env;
  const child = spawn('npx', ['-y', PNPM, ...args], {
    cwd: root,
    env: { ...env, ...settings },
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  await waitUntil(
    `up: npx -y ${PNPM} ${args.join(' ')}`,
    () => {
      tree = treeOf(child.pid ?? 0);
      if (child.exitCode !== null) throw new Error(`it ended by itself:\n${output}`);
      return isUp(tree, output) || output.slice(-1_000);
    },
    { timeout_ms: START_TIMEOUT_MS, interval_ms: 500 },
  );
  return child.pid ?? 0;
}

const startDemo = () =>
  start(['demo', '--count', '1', '--keep'], (_, output) => output.includes('Running until Ctrl-C'), {
    TMPDIR: folders,
  });

/** The one process of the tree whose command matches. */
function find(pattern: RegExp): number {
  const found = tree.filter(({ command }) => pattern.test(command));
  expect(found.map(({ command }) => command)).toHaveLength(1);
  return found[0]?.pid ?? 0;
}

async function expectNothingLeft(): Promise<void> {
  // The tree has what matters: the apps, and Postgres.
  for (const part of ['apps/server', 'apps/worker', 'stand-ins/trust', 'postgres: checkpointer']) {
    expect(tree.filter(({ command }) => command.includes(part))).not.toEqual([]);
  }
  await waitUntil(
    'without any process left',
    () => {
      const left = stillRunning(tree);
      return left.length === 0 || left.map(({ pid, command }) => `${pid} ${command}`).join('\n');
    },
    { timeout_ms: END_TIMEOUT_MS, interval_ms: 250 },
  );
}

const workFolders = () => readdirSync(folders).filter((name) => name.startsWith('cashback-demo-'));

test.each(['SIGINT', 'SIGHUP'] as const)(
  '%s, as a terminal sends it, ends every process of the demo and removes its folder',
  { timeout: TEST_TIMEOUT_MS },
  async (signal) => {
    const group = await startDemo();
    expect(workFolders()).toHaveLength(1);
    process.kill(-group, signal);
    await expectNothingLeft();
    expect(workFolders()).toEqual([]);
  },
);

test.each([
  ['npx', /^npm exec/],
  ['pnpm', /^(\S*node )?(\S*\/)?pnpm(\.\w+)? demo/],
  ['the demo itself', /^\S*node \S*cashback\/src\/main\.ts demo/],
])(
  'a SIGKILL of %s ends every process of the demo, and the next start removes its folder',
  { timeout: TEST_TIMEOUT_MS },
  async (_, pattern) => {
    await startDemo();
    process.kill(find(pattern), 'SIGKILL');
    await expectNothingLeft();
    const next = makeWorkFolder(folders);
    expect(workFolders()).toEqual([path.basename(next)]);
  },
);

test(
  'a SIGKILL of npx ends a run of the tests, and the systems that they started',
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    await start(['prove', 'proof/chaos/test/chaos.prove.ts'], (processes) =>
      ['apps/server', 'apps/worker', 'stand-ins/trust'].every((app) =>
        processes.some(({ command }) => command.includes(app)),
      ),
    );
    process.kill(find(/^npm exec/), 'SIGKILL');
    await expectNothingLeft();
  },
);
