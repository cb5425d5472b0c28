import { readText } from './documents.ts';

const DIGITS = String.raw`([\d_]+)`;

/** A constant of a source file, by its name: `const name = 1_000;`, or `name: 1_000` of an object. */
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

/** The group of a pattern in a source file, where the number stands in no constant. */
export function textOf(file: string, pattern: RegExp): string {
  const [, found] = pattern.exec(readText(file)) ?? [];
  if (found === undefined) throw new Error(`${file} has nothing like ${pattern.source}`);
  return found;
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
