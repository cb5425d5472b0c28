// `pnpm prove`: what takes minutes to show. Processes are killed at every effect, mistakes are planted, faults go on.
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { FOLDERS } from './scripts/test-folders.ts';
import tests from './vitest.config.ts';

/** Those that take longest begin first: one that begins last would run alone. The others follow in any order. */
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

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST_FIRST.indexOf(path.relative(import.meta.dirname, moduleId));
      return index === -1 ? LONGEST_FIRST.length : index;
    };
    return files.toSorted((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  ...tests,
  test: {
    ...tests.test,
    include: FOLDERS.map((folder) => `${folder}/test/**/*.prove.ts`),
    // More than two cores need: most of a proof waits for processes to start, for leases to expire, for silence to count.
    maxWorkers: 4,
    testTimeout: 600_000,
    sequence: { sequencer: LongestFirst },
  },
});
