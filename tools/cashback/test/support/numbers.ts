import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { root } from '@cashback/system';
import { readText } from './documents.ts';

const DIGITS = String.raw`([\d_]+)`;

/** A constant by its name: `const name = 1_000;`, or `name: 1_000` of an object. */
export function constantOf(file: string, name: string): number {
  return read(file, new RegExp(String.raw`\b${name}(?:: \w+)? ?[=:] '?${DIGITS}`));
}

/** The default of a setting, in the `env.ts` of an app. */
export function settingOf(app: string, name: string): number {
  return read(
    `apps/${app}/src/env.ts`,
    new RegExp(String.raw`\n  ${name}: (?:(?!\n  \w)[^])*?default: ${DIGITS}`),
  );
}

/**
 * The group of a pattern in a source file. The place may move to another file of its package, as long as only one there
 * matches.
 */
export function textOf(file: string, pattern: RegExp): string {
  const [, found] = pattern.exec(readText(locate(file, pattern))) ?? [];
  return found ?? '';
}

function locate(file: string, pattern: RegExp): string {
  if (existsSync(path.join(root, file)) && pattern.test(readText(file))) return file;
  const sources = file.replace(/\/src\/.*/, '/src/**/*.ts');
  const found = globSync(sources, { cwd: root }).filter((each) => pattern.test(readText(each)));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new Error(`${found.length} files of ${sources} have ${pattern.source}`);
}

const read = (file: string, pattern: RegExp): number => Number(textOf(file, pattern).replaceAll('_', ''));

/** The prose of a document, with one space between two words: no code, names of tests, links, headings and figures. */
export function proseOf(text: string): string {
  return text
    .replaceAll(/```[^]*?```/g, '')
    .replaceAll(/^ {4,}\S.*$/gm, '')
    .replaceAll(/`[^`]*`/g, '`')
    .replaceAll(/(?<=[\s`])\*[^*\n]+\*(?!\*)/g, '')
    .replaceAll(/\]\([^)]*\)/g, ']')
    .replaceAll(/^#.*$/gm, '')
    .replaceAll(/^ *\d+\. /gm, '')
    .replaceAll(/\s+/g, ' ');
}
