import { wholeNumber } from '@cashback/service/whole-number';
import { Command, InvalidArgumentError } from 'commander';
import { listedChoices, seededChoices } from './engine/choices.ts';
import { FAULTS } from './engine/faults.ts';
import { incidentsOf } from './incidents/incident.ts';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
import { describeViolation, simulate } from './simulate.ts';
import { shrink } from './shrink.ts';

interface Options {
  seeds: number;
  from: number;
  bug?: PlantedBug;
  json?: true;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Run the decisions of all apps over a virtual clock, under faults that a seed chooses, and check the invariants',
    )
    .option('--seeds <n>', 'the number of seeds', wholeNumber(1, 100_000_000), 5_000)
    .option('--from <n>', 'the first seed', wholeNumber(0, 2_147_483_647), 1)
    .option('--bug <name>', `plant a bug, to see it found: ${PLANTED_BUGS.join(', ')}`, bug)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The first seed that fails ends the run and is printed as the shortest history that still fails.
Exit code: 0 every invariant held for every seed; 1 one did not.`,
    )
    .action((options: Options) => {
      process.exitCode = run(options);
    });
}

if (import.meta.main) await simulateCommand().parseAsync();

function run({ seeds, from: first, bug, json }: Options): number {
  const started = performance.now();
  const fired: Record<string, number> = Object.fromEntries(FAULTS.map((fault) => [fault, 0]));
  let steps = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    const choices = seededChoices(seed);
    const incidents = incidentsOf(seed);
    const options = bug === undefined ? { incidents } : { bug, incidents };
    const outcome = simulate(choices, options);
    steps += outcome.steps;
    for (const [fault, count] of Object.entries(outcome.fired)) fired[fault] = (fired[fault] ?? 0) + count;
    if (outcome.violation === null) continue;
    const history: string[] = [];
    const shortest = shrink(choices.made, outcome, options);
    const { violation } = simulate(listedChoices(shortest), {
      ...options,
      trace: (line) => history.push(line),
    });
    const found = describeViolation(violation ?? outcome.violation);
    const again = `pnpm simulate --seeds 1 --from ${seed}${bug === undefined ? '' : ` --bug ${bug}`}`;
    print(json, { passed: false, seed, violation: found, choices: shortest, history }, [
      `seed ${seed}${describeIncidents(incidents)}: ${describeViolation(outcome.violation)}`,
      `its shortest history, of ${shortest.length} choices (${choices.made.length} at first):`,
      ...history,
      `again: ${again}; once it is fixed, put ${seed} into FAILED_SEEDS of proof/simulation/test`,
    ]);
    return 1;
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  print(json, { passed: true, seeds, first_seed: first, steps, fired, seconds }, [
    `${seeds} seeds from ${first} on, ${steps} steps, ${seconds} s, ` +
      `${Math.round((seeds / Math.max(seconds, 0.1)) * 60)} seeds a minute: every invariant held`,
    `faults: ${Object.entries(fired)
      .map(([fault, count]) => `${fault} ${count}`)
      .join(', ')}`,
  ]);
  return 0;
}

function print(json: true | undefined, result: object, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${lines.join('\n')}\n`);
}

function bug(text: string): PlantedBug {
  const known = PLANTED_BUGS.find((name) => name === text);
  if (known === undefined) throw new InvalidArgumentError(`Expected one of ${PLANTED_BUGS.join(', ')}.`);
  return known;
}

function describeIncidents(incidents: readonly string[]): string {
  return incidents.length === 0 ? '' : ` with ${incidents.join(' and ')}`;
}
