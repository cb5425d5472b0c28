import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { FOLDERS } from './scripts/test-folders.ts';
import { longestFirst } from './vitest.longest-first.ts';

// Tests start hundreds of processes. Each starts in two thirds of the time when Node keeps what it compiled.
process.env['NODE_COMPILE_CACHE'] ??= path.resolve('node_modules/.cache/node-compile');

/** Those whose sizes do not show how long they take: they wait, or start processes, or try many seeds. */
const LONGEST_FIRST = [
  'proof/conformance/test/conformance.test.ts',
  'packages/libraries/service/test/app.test.ts',
  'proof/simulation/test/simulation.test.ts',
  'apps/worker/test/stop.test.ts',
  'packages/libraries/postgres/test/listen.test.ts',
  'tools/cashback/test/app-help.test.ts',
  'apps/transactions/test/crash.test.ts',
  'apps/processing/test/unreadable-invoice.test.ts',
  'packages/libraries/postgres/test/jobs-killed-worker.test.ts',
  'packages/libraries/postgres/test/jobs-migration.test.ts',
];

export default defineConfig({
  test: {
    include: FOLDERS.map((folder) => `${folder}/test/**/*.test.ts`),
    globalSetup: ['packages/development/testing/src/global-setup.ts'],
    maxWorkers: 4,
    // Files of one worker share their modules: loading them took two fifths of the whole run. No test mocks a module.
    isolate: false,
    sequence: { sequencer: longestFirst(LONGEST_FIRST) },
    // Those of a file that say so wait beside each other.
    maxConcurrency: 20,
    // Bounds for a hang: longer than the waits of a test together, on a machine that does something else as well.
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});
