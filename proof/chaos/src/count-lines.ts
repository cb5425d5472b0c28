import { existsSync, readFileSync, statSync } from 'node:fs';

/** Counts the lines that are written to a log from now on and match. A log that is begun again is not followed. */
export function countLines(file: string, matches: (line: string) => boolean): () => number {
  const from = existsSync(file) ? statSync(file).size : 0;
  return () =>
    existsSync(file) ? readFileSync(file).subarray(from).toString().split('\n').filter(matches).length : 0;
}
