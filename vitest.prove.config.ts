// `pnpm prove`: what takes minutes to show. Processes are killed at every effect, mistakes are planted, faults go on.
import { defineConfig } from 'vitest/config';
import { FOLDERS } from './scripts/test-folders.ts';
import tests from './vitest.config.ts';
import { longestFirst } from './vitest.longest-first.ts';

/** The others follow. */
const LONGEST_FIRST = [
  'proof/conformance/test/conformance.prove.ts',
  'apps/transactions/test/interruptions.prove.ts',
  'tools/demo/test/leaves-nothing.prove.ts',
  'proof/failpoints/test/planted/planted.prove.ts',
  'proof/failpoints/test/failpoints.prove.ts',
  'tools/demo/test/demo.prove.ts',
  'apps/worker/test/killed-drains.prove.ts',
  'apps/worker/test/real-upstream.prove.ts',
  'apps/transactions/test/faults-of-trust.prove.ts',
  'packages/development/embedded-postgres/test/embedded-postgres.prove.ts',
  'packages/libraries/postgres/test/dead-host.prove.ts',
];

export default defineConfig({
  ...tests,
  test: {
    ...tests.test,
    include: FOLDERS.map((folder) => `${folder}/test/**/*.prove.ts`),
    // More than two cores need: most of a proof waits for processes to start, for leases to expire, for silence to count.
    maxWorkers: 4,
    testTimeout: 600_000,
    sequence: { sequencer: longestFirst(LONGEST_FIRST) },
  },
});
