// The end of `.ci/run`: every test that failed, with the reason, so that it is read last; then how many passed and failed.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';

type Report = {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[];
  }[];
};
type Failure = { what: string; why: string };

const LINES_OF_REASON = 12;
/** A message may name a command below node_modules, a frame there says nothing about the fault. */
const FOREIGN_FRAME = /^\s+at .*node_modules/;
const ANSI = new RegExp(String.raw`\u001B\[[0-9;]*m`, 'g');
/** Where no Postgres is installed, the tests on it are skipped: see scripts/system-postgres.ts. */
const SKIPPED = { run: 'test:system-postgres', status: 3 };

const program = new Command('summarise-tests')
  .description('Name what failed in the reports of vitest in a folder, and count')
  .argument('<folder>', "what vitest's JSON reporter wrote, a file for each run")
  .option('--run <name=status...>', 'a run, with the status that it ended with', [])
  .parse();
const [folder = ''] = program.args;
const { run: runs } = program.opts<{ run: string[] }>();

let passed = 0;
const failures: Failure[] = [];
for (const run of runs) {
  const [, name = run, status = ''] = /^(.*)=(\d+)$/.exec(run) ?? [];
  if (name === SKIPPED.run && Number(status) === SKIPPED.status) {
    console.log(`SKIPPED ${name}: no Postgres is installed`);
    continue;
  }
  const report = readReport(name);
  const failed = report === null ? [] : failuresIn(name, report);
  failures.push(...failed);
  if (report !== null) passed += passedIn(report);
  if (report === null && status === '0') passed += 1;
  // It ended before it could write a report, or by an error that no test is to blame for.
  if (status !== '0' && failed.length === 0) failures.push({ what: name, why: `ended with ${status}` });
}

for (const { what, why } of failures) print(what, why);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

/** Null for a run that writes none. */
function readReport(run: string): Report | null {
  const file = `${run.replaceAll(':', '-').replace(/^test-/, '')}.json`;
  if (!readdirSync(folder).includes(file)) return null;
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Report;
}

function passedIn({ testResults }: Report): number {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed').length;
}

function failuresIn(run: string, { testResults }: Report): Failure[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = `${run}: ${relative(process.cwd(), name)}`;
    const failed = assertionResults
      .filter((test) => test.status === 'failed')
      .map(({ fullName, failureMessages }) => ({
        what: `${file}: ${fullName}`,
        why: failureMessages?.join('\n') ?? '',
      }));
    // A file that could not be loaded or prepared has no failed test, and yet it failed.
    return failed.length === 0 && status === 'failed' ? [{ what: file, why: message }] : failed;
  });
}

function print(what: string, why: string): void {
  const all = why.replaceAll(ANSI, '').split('\n');
  const lines = all.filter((line) => !FOREIGN_FRAME.test(line)).slice(0, LINES_OF_REASON);
  console.log(`FAILED ${what}\n${lines.map((line) => `       ${line}`).join('\n')}`);
}
