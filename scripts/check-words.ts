// One language: the words and sentences of scripts/words/table.ts must not come back, neither in names nor in prose.
import { globSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { sourceFiles } from './source-files.ts';
import { BANNED, EXCEPTIONS, type Exception, SENTENCES } from './words/table.ts';

/** Beside the sources. */
const FILES = ['**/*.md', '**/package.json', '.ci/run', 'pnpm-workspace.yaml'];
const SKIPPED = /(^|\/)(node_modules|dist|\.data)(\/|$)|^scripts\/words\//;
/** `HTTPServer` is "http server", `pollAt2` is "poll at 2". */
const WORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;
/** What may stand between the words of one phrase: spaces, a line break with a comment's mark, `_` and `-`. */
const GAP = /^[\s_*/-]*$/;

interface Finding {
  file: string;
  line: number;
  word: string;
  use: string;
}

const program = new Command('check-words')
  .description('Find the words that must not come back, in names and in prose')
  .argument('[start...]', 'only files whose path starts with one of these')
  .option('--json', 'print the findings as JSON')
  .parse();
const starts = program.args;
const { json } = program.opts<{ json?: true }>();

const replacements = new Map(BANNED.flatMap(({ terms, use }) => terms.map((term) => [term, use] as const)));
const longest = Math.max(...[...replacements.keys()].map((term) => term.split(' ').length));
const used = new Set<Exception>();

const files = [...sourceFiles, ...globSync(FILES, { exclude: (name) => SKIPPED.test(name) })]
  .filter((file) => !SKIPPED.test(file))
  .filter((file) => starts.length === 0 || starts.some((start) => file.startsWith(start)));
const findings = files.flatMap((file) => [
  ...find(file).map(({ word, use }) => ({ file, line: 0, word, use })),
  ...findInText(file, readFileSync(file, 'utf8')),
]);
const unused = starts.length > 0 ? [] : EXCEPTIONS.filter((exception) => !used.has(exception));

if (json) console.log(JSON.stringify({ findings, unused }, null, 2));
else {
  for (const { file, line, word, use } of findings) {
    console.error(`${file}${line === 0 ? ' (its name)' : `:${line}`}: "${word}": use ${use}`);
  }
  for (const { text } of unused) console.error(`scripts/words/table.ts: the exception "${text}" is unused`);
  console.log(`${files.length} files, ${findings.length} words that must not come back`);
}
process.exitCode = findings.length + unused.length === 0 ? 0 : 1;

function findInText(file: string, text: string): Finding[] {
  let masked = text;
  for (const exception of EXCEPTIONS) {
    if (exception.files !== undefined && !exception.files.test(file)) continue;
    masked = masked.replaceAll(new RegExp(String.raw`(?<!\w)${exception.text}(?!\w)`, 'gi'), (match) => {
      used.add(exception);
      return '#'.repeat(match.length);
    });
  }
  // The marks of a comment's lines, so that a sentence goes on across them.
  const prose = masked.replaceAll(/\n[ \t]*(?:\*|\/\/) ?/g, (mark) => `\n${' '.repeat(mark.length - 1)}`);
  const sentences = SENTENCES.flatMap(({ pattern, use }) =>
    [...prose.matchAll(pattern)].map(({ index, 0: word }) => ({
      at: index,
      word: word.replaceAll(/\s+/g, ' '),
      use,
    })),
  );
  return [...find(masked), ...sentences].map(({ at, word, use }) => ({
    file,
    line: text.slice(0, at).split('\n').length,
    word,
    use,
  }));
}

/** The banned terms in a text, each where it begins. */
function find(text: string): { at: number; word: string; use: string }[] {
  const words = [...text.matchAll(WORD)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    word: match[0].toLowerCase(),
  }));
  return words.flatMap(({ start, word }, first) => {
    let phrase = word;
    for (let length = 1; length <= longest; length += 1) {
      const use = replacements.get(phrase);
      if (use !== undefined) return [{ at: start, word: phrase, use }];
      const [last, next] = [words[first + length - 1], words[first + length]];
      if (last === undefined || next === undefined || !GAP.test(text.slice(last.end, next.start))) break;
      phrase += ` ${next.word}`;
    }
    return [];
  });
}
