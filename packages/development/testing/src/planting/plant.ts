import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A piece of a source file, and what stands in its place while the bug is planted. */
export interface Piece {
  /** From the root of the repository. */
  file: string;
  from: string;
  to: string;
}

/** A mistake that somebody might make. */
export interface Bug {
  name: string;
  pieces: readonly Piece[];
}

/** What the process says on stderr when a bug is in it. */
export function plantedLine(name: string): string {
  return `planted: ${name}`;
}

const HOOK = new URL('./plant-hook.ts', import.meta.url);
const ROOT = new URL('../../../../../', import.meta.url);

/**
 * Environment variables with which a process of ours has the bug in it: its sources are changed as they are loaded, so
 * they need no switch for it. Throws when a piece does not occur exactly once in its file: the bug is out of date.
 */
export function plant({ name, pieces }: Bug): { NODE_OPTIONS: string } {
  for (const { file, from } of pieces) {
    const found = occurrences(readFileSync(new URL(file, ROOT), 'utf8'), from);
    if (found !== 1) {
      throw new Error(
        `the planted bug "${name}" is out of date: ${path.normalize(file)} holds ${found} times what it replaces, ` +
          `expected once; plant it where that went: ${from}`,
      );
    }
  }
  const urls = pieces.map(({ file, from, to }) => ({ url: new URL(file, ROOT).href, from, to }));
  const hook = new URL(HOOK);
  hook.searchParams.set('bug', JSON.stringify({ name, pieces: urls }));
  return { NODE_OPTIONS: `--import=${hook.href}` };
}

export function occurrences(text: string, piece: string): number {
  return text.split(piece).length - 1;
}
