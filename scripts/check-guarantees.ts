// Every proof that the documents of guarantees name exists: each file, each test by its name, each command.
import { existsSync, readFileSync } from 'node:fs';

const DOCUMENTS = ['docs/guarantees.md', 'docs/recovery.md'];
/** A test file in code, and the names of tests in italics behind it. */
const TEST = /`([^`]+\.(?:test|prove)\.ts)`((?:[\s,;]+\*[^*]+\*)*)/g;
const NAME = /\*([^*]+)\*/g;
const COMMAND = /`pnpm ([a-z]+)[^`]*`/g;

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const problems: string[] = [];
let tests = 0;
let commands = 0;

for (const document of DOCUMENTS) {
  const text = readFileSync(document, 'utf8');
  for (const [, file = '', names = ''] of text.matchAll(TEST)) {
    tests += 1;
    if (existsSync(file) && names === '') problems.push(`${document}: ${file} is named without a test`);
    else if (existsSync(file)) checkNames(document, file, names);
    else problems.push(`${document}: there is no ${file}`);
  }
  for (const [, command = ''] of text.matchAll(COMMAND)) {
    commands += 1;
    if (!(command in scripts)) problems.push(`${document}: there is no command "pnpm ${command}"`);
  }
}
// A change of how they are written must not make this check see none.
if (tests < 60 || commands < 5) problems.push(`only ${tests} tests and ${commands} commands are found`);

for (const problem of problems) console.error(problem);
console.log(`${tests} tests, ${commands} commands, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkNames(document: string, file: string, names: string): void {
  const source = readFileSync(file, 'utf8');
  for (const [, name = ''] of names.matchAll(NAME)) {
    // As a title or a row of a table of titles, not as a part of a comment.
    const quoted = ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`));
    if (!quoted) problems.push(`${document}: ${file} has no test "${name}"`);
  }
}
