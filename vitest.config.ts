import { defineConfig } from 'vitest/config';

export const FOLDERS = ['packages/*/*', '{apps,stand-ins,tools,proof}/*', 'bench'];

export default defineConfig({
  test: {
    include: FOLDERS.map((folder) => `${folder}/test/**/*.test.ts`),
    globalSetup: ['packages/development/testing/src/global-setup.ts'],
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
