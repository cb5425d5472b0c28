import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A piece of a source file, and its replacement while the bug is planted. */
export interface Piece {
  /** From the root of the repository. */
  file: string;
  from: string;
  to: string;
}

/** A mistake that an engineer might make. */
export interface Bug {
  name: string;
  pieces: readonly Piece[];
}

/** The line that a process writes to stderr once it has loaded the bug. */
export function plantedLine(name: string): string {
  return `planted: ${name}`;
}

const HOOK = new URL('./plant-hook.ts', import.meta.url);
const ROOT = new URL('../../../../', import.meta.url);

/**
 * Environment variables that put the bug into a process of ours: its sources are changed as they are loaded, so they
 * need no switch for it. Throws when a piece does not occur exactly once in its file: the bug is out of date.
 */
export function plant({ name, pieces }: Bug): { NODE_OPTIONS: string } {
  for (const { file, from } of pieces) {
    const found = occurrences(readFileSync(new URL(file, ROOT), 'utf8'), from);
    if (found !== 1) {
      throw new Error(
        `the planted bug "${name}" is out of date: ${path.normalize(file)} has the piece that it replaces ${found} times, ` +
          `expected once; plant the bug where the piece went: ${from}`,
      );
    }
  }
  const urls = pieces.map(({ file, from, to }) => ({ url: new URL(file, ROOT).href, from, to }));
  const hook = new URL(HOOK);
  hook.searchParams.set('bug', JSON.stringify({ name, pieces: urls }));
  return { NODE_OPTIONS: `--import=${hook.href}` };
}

function occurrences(text: string, piece: string): number {
  return text.split(piece).length - 1;
}
