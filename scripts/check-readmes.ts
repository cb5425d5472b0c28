// A README is read at one sight, and its tables are those that there are: a README of an owner of tables names all of
// them, and any README names no other. The paragraph that begins with "Tables" has their names in code.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The client's is its documentation on npm. */
const LONG = new Set(['packages/published/client/README.md']);
const MAX_LINES = 25;
/** The paragraph, or the item of a list. */
const TABLES = /^(?:- )?(?:\*\*)?Tables\b.*(?:\n(?!- |\n).*)*/gm;
const NAME = /`([a-z][a-z_]*)`/g;

const schemas = new Set<string>();
const tables = new Set<string>();
/** The tables of each owner, by its README. */
const owned = new Map<string, Set<string>>();
for (const file of globSync('drizzle/*/owner.json')) {
  const owner = JSON.parse(readFileSync(file, 'utf8')) as { tables: string };
  const names = namesIn(owner.tables);
  owned.set(path.join(owner.tables.replace(/\/src\/.*/, ''), 'README.md'), names);
  schemas.add(path.basename(path.dirname(file)));
  for (const name of names) tables.add(name);
}

const problems: string[] = [];
const readmes = globSync([
  '{apps,stand-ins,tools,proof}/*/README.md',
  'packages/*/*/README.md',
  'bench/README.md',
]);
let named = 0;
for (const file of readmes) {
  const text = readFileSync(file, 'utf8');
  const lines = text.trimEnd().split('\n').length;
  if (lines > MAX_LINES && !LONG.has(file)) {
    problems.push(`${file}: ${lines} lines; at most ${MAX_LINES}: move details to docs/`);
  }
  const inText = new Set(
    [...text.matchAll(TABLES)].flatMap(([paragraph]) =>
      [...paragraph.matchAll(NAME)].map(([, name = '']) => name),
    ),
  );
  for (const name of inText) {
    if (tables.has(name)) named += 1;
    else if (!schemas.has(name)) problems.push(`${file}: there is no table "${name}"`);
  }
  for (const name of owned.get(file) ?? []) {
    if (!inText.has(name)) problems.push(`${file}: the tables lack "${name}"`);
  }
}
for (const file of owned.keys()) {
  if (!readmes.includes(file)) problems.push(`there is no ${file}, although its package owns tables`);
}
// A change of how they are written must not make this check see none.
if (readmes.length < 20 || tables.size < 30) {
  problems.push(`only ${readmes.length} READMEs and ${tables.size} tables are found`);
}

for (const problem of problems) console.error(problem);
console.log(`${readmes.length} READMEs, ${named} names of tables, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function namesIn(pattern: string): Set<string> {
  const declared = /\.table\(\s*'([a-z_]+)'/g;
  return new Set(
    globSync(pattern).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(declared)].map(([, name = '']) => name),
    ),
  );
}
