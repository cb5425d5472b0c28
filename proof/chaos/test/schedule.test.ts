import { expect, test } from 'vitest';
import { LANES } from '../src/fault.ts';
import { FAULTS } from '../src/faults/index.ts';
import { scheduleRound } from '../src/schedule.ts';

const named = (seed: number, round: number) =>
  LANES.map((lane) => scheduleRound(FAULTS, seed, round)[lane].map(({ fault }) => fault.name));

test('the same seed gives the same faults in the same order, another seed another one', () => {
  expect(named(7, 1)).toEqual(named(7, 1));
  expect(named(8, 1)).not.toEqual(named(7, 1));
  expect(named(7, 2)).not.toEqual(named(7, 1));
});

test('a round has every kind once, each in its lane', () => {
  const names = FAULTS.map(({ name }) => name);
  expect(named(1, 1).flat().toSorted()).toEqual(names.toSorted());
  expect(new Set(names).size).toBe(names.length);
});

test('the draws of one fault change nothing for the others', () => {
  const draws = (before: number) => {
    const firings = LANES.flatMap((lane) => scheduleRound(FAULTS, 3, 1)[lane]);
    for (let draw = 0; draw < before; draw += 1) firings[0]?.random.integer(0, 100);
    return firings.slice(1).map(({ random }) => random.integer(0, 1_000_000));
  };
  expect(draws(1_000)).toEqual(draws(0));
});

/** The kinds that a run must show, in words that are parts of their names. */
const REQUIRED = [
  ...['worker', 'server', 'transactions', 'processing', 'Postgres'].map((name) => `kill -9 of ${name}`),
  'backend terminated in a transaction',
  "COMMIT's answer dropped",
  'SIGSTOP',
  '429',
  '500',
  '503 with Retry-After',
  'HTML',
  'hang',
  'applied, then reset',
  'stale status',
  'flapping status',
  'partial failure',
  'down for longer than every wait',
  'all rows of pg-boss deleted',
  'callbacks early',
  ...['tenfold', 'reversed', 'lost'].flatMap((what) =>
    ['transactions>processing', 'transactions>worker', 'trust>wallet', 'trust>worker'].map(
      (link) => `callbacks ${what}, ${link}`,
    ),
  ),
  'an hour off',
  'disk full',
  'dead host',
  ...['worker', 'transactions', 'processing'].map((name) => `${name} killed and restarted while`),
  'a foreign operation',
  'wallets that owe',
  'a pooler in transaction mode',
  ...['transactions', 'server', 'trust'].map((side) => `${side} restored from a base backup`),
  ...['reset', 'half-open', 'black-hole', 'cut', 'drip'].map((way) => `connections to Postgres: ${way}`),
];

test.each(REQUIRED)('%s is a kind of fault', (part) => {
  expect(FAULTS.some(({ name }) => name.includes(part))).toBe(true);
});
