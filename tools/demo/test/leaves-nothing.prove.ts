import { spawn } from 'node:child_process';
import { root } from '@cashback/system';
import { waitUntil } from '@cashback/testing';
import { afterEach, expect, test } from 'vitest';
import { type Process, stillRunning, treeOf } from './process-tree.ts';

const PNPM = 'pnpm@12.21.0';
/** The runner gets 5 s to stop, what it started 5 s, their apps 15 s: a machine that is busy needs all of it. */
const END_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 240_000;
const TEST_TIMEOUT_MS = 600_000;

let tree: Process[] = [];
afterEach(() => {
  for (const { pid } of stillRunning(tree)) process.kill(pid, 'SIGKILL');
  tree = [];
});

/** Starts a command as README says, in a process group of its own, as a terminal does. */
async function start(args: readonly string[], isUp: (tree: readonly Process[], output: string) => boolean) {
  const { DATABASE_URL: _, NODE_OPTIONS: __, VITEST: ___, ...env } = process.env;
  const child = spawn('npx', ['-y', PNPM, ...args], { cwd: root, env, detached: true });
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
  start(['demo', '--count', '1', '--keep'], (_, output) => output.includes('Running until Ctrl-C'));

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

test('Ctrl-C ends every process of the demo', { timeout: TEST_TIMEOUT_MS }, async () => {
  const group = await startDemo();
  process.kill(-group, 'SIGINT');
  await expectNothingLeft();
});

test.each([
  ['npx', /^npm exec/],
  ['pnpm', /^(\S*node )?(\S*\/)?pnpm(\.\w+)? demo/],
  ['the demo itself', /^\S*node \S*cashback\/src\/main\.ts demo/],
])('a SIGKILL of %s ends every process of the demo', { timeout: TEST_TIMEOUT_MS }, async (_, pattern) => {
  await startDemo();
  process.kill(find(pattern), 'SIGKILL');
  await expectNothingLeft();
});

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
