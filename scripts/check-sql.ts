// One style for SQL: what Postgres can prepare is declared by statement(), where a test of its package prepares it
// against the migrated database. This check finds SQL anywhere else.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sourceFiles } from './source-files.ts';

/** What is deployed or changes tables that are. Proofs, checkers and benchmarks read and break the tables of all owners. */
const HOME = /^((?:apps|stand-ins|tools|packages\/libraries)\/[^/]+)\/(?!test\/)/;

/** Each with the reason. A folder ends in a slash. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'packages/libraries/postgres/src/connection/': 'sets a session up and probes it; there are no tables yet',
  'packages/libraries/postgres/src/migrations/': 'makes the tables that statements are prepared against',
  'packages/libraries/cashback-db/src/queries/events/newest-events.ts': 'a part of statements in other files',
  'packages/libraries/cashback-db/src/queries/charges/newest-operations.ts':
    'a part of statements in other files',
  'tools/demo/src/run-demo.ts': 'counts rows of its own run, through the tables that the checkers read',
};

/** How a text begins that Postgres can prepare. LOCK, SET, DECLARE, FETCH and CREATE cannot be. */
const SQL = new RegExp(
  String.raw`['"\`](?:\s|\(|--.*\n)*(?:(?:select|update)(?=\s)|insert into|delete from|merge into|with(?: recursive)? \w+\s*(?:\([^()]*\))?\s*as)\b`,
  'gi',
);
const DECLARES = /\bstatement(?:<[^()]*>)?\(\{/;
/** Up to the text of a declaration. */
const DECLARED = /\bstatement(?:<[^()]*>)?\(\{\s*name: [^,\n]+,\s*text:\s*$/;
const NAMED = /^(?:export )?(?:async )?(?:const|function) (\w+)/gm;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
/** What CONTRIBUTING keeps for statements, in the words of drizzle's builder. A list in the source is no set. */
const BUILDER = [
  { pattern: /\.for\('(?:no key )?(?:update|share)'/g, does: 'locks rows' },
  { pattern: /\binArray\([^,()]+,(?!\s*\[')/g, does: 'works on a set' },
] as const;

const problems: string[] = [];
const excused = new Set<string>();
const declaring = new Set<string>();
const files = sourceFiles.filter((file) => HOME.test(file));
for (const file of files) {
  // Comments keep their lines.
  const text = readFileSync(file, 'utf8').replaceAll(COMMENT, (found) => found.replaceAll(/[^\n]/g, ' '));
  if (DECLARES.test(text)) declaring.add(HOME.exec(file)?.[1] ?? '');
  for (const { index } of text.matchAll(SQL)) {
    const before = text.slice(0, index);
    if (!DECLARED.test(before) && !isPart(text, before)) report(file, before, 'SQL outside of statement()');
  }
  for (const { pattern, does } of BUILDER) {
    for (const { index } of text.matchAll(pattern)) {
      report(file, text.slice(0, index), `a query that ${does} is declared by statement()`);
    }
  }
}
for (const home of declaring) {
  if (existsSync(path.join(home, 'test/statements.test.ts'))) continue;
  problems.push(`${home}: declares statements and has no test/statements.test.ts`);
}
for (const exception of Object.keys(EXCEPTIONS)) {
  if (!excused.has(exception)) problems.push(`scripts/check-sql.ts: the exception ${exception} is unused`);
}

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** A constant or function of the file that one of its statements is made of. */
function isPart(text: string, before: string): boolean {
  const name = [...before.matchAll(NAMED)].at(-1)?.[1];
  return (
    name !== undefined && new RegExp(String.raw`(?:\$\{|\btext: )${name}\b`).test(text) && DECLARES.test(text)
  );
}

function report(file: string, before: string, problem: string): void {
  const exception = Object.keys(EXCEPTIONS).find((one) =>
    one.endsWith('/') ? file.startsWith(one) : file === one,
  );
  if (exception !== undefined) excused.add(exception);
  else problems.push(`${file}:${before.split('\n').length}: ${problem}`);
}
