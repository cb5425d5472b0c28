// `pnpm prove`: what takes minutes to show. Processes are killed at every effect, mistakes are planted, faults go on.
import { defineConfig, mergeConfig } from 'vitest/config';
import tests, { FOLDERS } from './vitest.config.ts';

export default mergeConfig(
  { ...tests, test: { ...tests.test, include: [] } },
  defineConfig({
    test: { include: FOLDERS.map((folder) => `${folder}/test/**/*.prove.ts`), testTimeout: 600_000 },
  }),
);
