// Every proof that docs/guarantees.md names exists: each file, each test by its name, each command.
import { existsSync, readFileSync } from 'node:fs';

const DOCUMENT = 'docs/guarantees.md';
/** A test file in code, and perhaps the name of a test in italics behind it. */
const TEST = /`([^`]+\.(?:test|prove)\.ts)`(?:\s+\*([^*]+)\*)?/g;
const COMMAND = /`pnpm ([a-z]+)[^`]*`/g;

const text = readFileSync(DOCUMENT, 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const problems: string[] = [];
const tests = [...text.matchAll(TEST)];
for (const [, file = '', name] of tests) {
  if (!existsSync(file)) problems.push(`${DOCUMENT}: there is no ${file}`);
  else if (name !== undefined && !readFileSync(file, 'utf8').includes(name)) {
    problems.push(`${DOCUMENT}: ${file} has no test "${name}"`);
  }
}
const commands = [...text.matchAll(COMMAND)];
for (const [, command = ''] of commands) {
  if (!(command in scripts)) problems.push(`${DOCUMENT}: there is no command "pnpm ${command}"`);
}
// A change of how they are written must not make this check see none.
if (tests.length < 20 || commands.length < 5) {
  problems.push(`${DOCUMENT}: found only ${tests.length} tests and ${commands.length} commands in it`);
}

for (const problem of problems) console.error(problem);
console.log(`${tests.length} tests, ${commands.length} commands, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
