import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '@cashback/system';

export const DOCUMENTS = ['README.md', 'CONTRIBUTING.md'] as const;

export const readText = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** The rows of the markdown table whose header begins with these cells, without their code marks. */
export function tableOf(text: string, header: string): string[][] {
  const [, ...rows] = text.slice(text.indexOf(header)).split('\n');
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows.slice(1, end === -1 ? undefined : end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The code in backticks in a cell. */
export const codeIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** The content of the first fenced block after a heading. */
export function blockAfter(text: string, heading: string, language = ''): string {
  const start = text.indexOf(`\`\`\`${language}\n`, text.indexOf(heading)) + 3 + language.length + 1;
  return text.slice(start, text.indexOf('```', start));
}

const COMMAND = /(?:^ {4,}|`)(?:[A-Z_]+=\S+ )*(?:npx -y pnpm@(?<version>[\d.]+)|pnpm) (?<line>[^`#\n]+)/gm;

/** Every command line of pnpm in a document: in an indented block, or in backticks. */
export function commandsOf(text: string): { words: string[]; version: string | undefined }[] {
  return [...text.matchAll(COMMAND)].map(({ groups }) => ({
    words: wordsOf(groups?.['line'] ?? ''),
    version: groups?.['version'],
  }));
}

/** As a shell splits it: quotes hold words together, and what is redirected is no argument. */
function wordsOf(line: string): string[] {
  const [command = ''] = line.split(' > ');
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare = '']) => quoted ?? bare);
}
