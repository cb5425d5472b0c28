// The end of `.ci/run`: every test that failed, or passed only when it was repeated, with the reason, so that it is read
// last; then how many passed and failed.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Command } from 'commander';

type Report = {
  success: boolean;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[];
  }[];
};

const LINES_OF_REASON = 12;
const ANSI = new RegExp(String.raw`\u001B\[[0-9;]*m`, 'g');

const program = new Command('summarise-tests')
  .description('Name what failed in a report of vitest, and count')
  .argument('<report>', "what vitest's JSON reporter wrote")
  .option('--run <name=status...>', 'a further run, with the status that it ended with', [])
  .parse();
const [path = ''] = program.args;
const { run: runs } = program.opts<{ run: string[] }>();

const { success, testResults } = readReport();
let passed = 0;
const failures: { what: string; why: string }[] = [];
const repeated: { what: string; why: string }[] = [];
for (const { name, status, message, assertionResults } of testResults) {
  const file = relative(process.cwd(), name);
  for (const test of assertionResults) {
    const said = { what: `${file}: ${test.fullName}`, why: test.failureMessages?.join('\n') ?? '' };
    if (test.status === 'failed') failures.push(said);
    if (test.status !== 'passed') continue;
    passed++;
    if (said.why !== '') repeated.push(said);
  }
  // A file that could not be loaded or prepared has no failed test, and yet it failed.
  if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
    failures.push({ what: file, why: message });
  }
}
// An error that no test is to blame for, such as a rejection that nobody handled.
if (!success && failures.length === 0)
  failures.push({ what: 'vitest', why: 'an error outside of the tests' });
for (const run of runs) {
  const [name = run, status] = run.split('=');
  if (status === '0') passed++;
  else failures.push({ what: name, why: `ended with ${status}` });
}

for (const { what, why } of repeated) tell('PASSED ONLY WHEN REPEATED', what, why);
for (const { what, why } of failures) tell('FAILED', what, why);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function readReport(): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    // It ended before it could say anything.
    return { success: false, testResults: [] };
  }
}

function tell(verdict: string, what: string, why: string): void {
  const all = why.replaceAll(ANSI, '').split('\n');
  const lines = all.filter((line) => !line.includes('node_modules')).slice(0, LINES_OF_REASON);
  console.log(`${verdict} ${what}\n${lines.map((line) => `       ${line}`).join('\n')}`);
}
