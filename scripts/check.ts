// `pnpm check`: everything that can be said of the code without running it.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';

const STEPS = {
  format: ['oxfmt', '--check', '.'],
  lint: ['oxlint', '--type-aware', '--deny-warnings'],
  types: ['tsc', '--noEmit', '-p', 'tsconfig.json'],
  boundaries: ['node', 'scripts/check-boundaries.ts'],
  sql: ['node', 'scripts/check-sql.ts'],
  'dead code': ['knip'],
  migrations: ['node', 'scripts/check-migrations.ts'],
  packages: ['node', 'scripts/check-packages.ts'],
  guarantees: ['node', 'scripts/check-guarantees.ts'],
  tests: ['node', 'scripts/check-database-tests.ts'],
  words: ['node', 'scripts/check-words.ts'],
  readmes: ['node', 'scripts/check-readmes.ts'],
} as const satisfies Record<string, readonly [string, ...string[]]>;
type Step = keyof typeof STEPS;

const TIMEOUT_MS = 300_000;

interface Options {
  only?: Step;
  json?: true;
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Check everything that can be said of the code without running it')
    .addOption(new Option('--only <step>', 'one step').choices(Object.keys(STEPS)))
    .option('--json', 'print the results as JSON')
    .action(check);
}

if (import.meta.main) await checkCommand().parseAsync();

async function check({ only, json }: Options): Promise<void> {
  const steps = (Object.keys(STEPS) as Step[]).filter((step) => only === undefined || step === only);
  const results: { step: Step; passed: boolean; seconds: number; output: string }[] = [];
  for (const step of steps) {
    const started = performance.now();
    const { passed, output } = await run(STEPS[step]);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    results.push({ step, passed, seconds, output });
    if (json) continue;
    console.log(`${passed ? 'ok    ' : 'FAILED'} ${step.padEnd(10)} ${seconds.toFixed(1)} s`);
    if (!passed) console.log(output.trimEnd().replaceAll(/^/gm, '       '));
  }
  const passed = results.every((result) => result.passed);
  if (json) console.log(JSON.stringify({ passed, results }, null, 2));
  process.exitCode = passed ? 0 : 1;
}

async function run([command, ...args]: readonly [string, ...string[]]): Promise<{
  passed: boolean;
  output: string;
}> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  const ended = new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code === 0));
  });
  const [stdout, stderr, passed] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { passed, output: `${stdout}${stderr}` };
}
