import { globSync } from 'node:fs';

/** What .gitignore names; the checks also run on a copy without git. */
const IGNORED = /(^|\/)(node_modules|dist|\.data)(\/|$)/;

/** Every file of the repository with code, wherever it stands: no check may overlook one. */
export const sourceFiles: readonly string[] = globSync('**/*.{ts,mts,cts,tsx,js,mjs,cjs,jsx}', {
  exclude: (name) => IGNORED.test(name),
})
  .filter((file) => !IGNORED.test(file))
  .toSorted();
