// The order in which a run takes its test files. One that begins last would run alone.
import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Takes these files first, in this order, and the others as vitest does without a run before: the largest first. */
export function longestFirst(files: readonly string[]): typeof BaseSequencer {
  const place = ({ moduleId }: TestSpecification): number => {
    const index = files.indexOf(path.relative(import.meta.dirname, moduleId));
    return index === -1 ? files.length : index;
  };
  return class extends BaseSequencer {
    override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
      const sorted = await super.sort(specifications);
      return sorted.toSorted((one, other) => place(one) - place(other));
    }
  };
}
