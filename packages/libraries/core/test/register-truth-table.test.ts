import { type AmountsBySource, totalOf } from '@cashback/contract/source';
import { expect, test } from 'vitest';
import { type Registration, type StoredOrder, decideRegister } from '../src/decide-register.ts';
import { callOf, storedOf } from './register-builders.ts';

const TARGETS = {
  none: null,
  'user alone': { user: 10n },
  'user, and service no more': { user: 10n, service: 0n },
  'user and service': { user: 10n, service: 5n },
} as const satisfies Record<string, AmountsBySource | null>;

/** What the call names, beside the target before it. */
const ASKED = {
  'the same by source': (target: AmountsBySource) => ({ by_source: target, sum: null }),
  'the same by source, and its sum': (target: AmountsBySource) => ({
    by_source: target,
    sum: totalOf(target),
  }),
  'the same sum alone': (target: AmountsBySource) => ({ by_source: null, sum: totalOf(target) }),
  'another by source': () => ({ by_source: { user: 4n, service: 7n }, sum: null }),
  'another by source, and its sum': () => ({ by_source: { user: 4n, service: 7n }, sum: 11n }),
  'another sum alone': () => ({ by_source: null, sum: 11n }),
  'a sum that is not that of its sources': (target: AmountsBySource) => ({
    by_source: target,
    sum: totalOf(target) + 1n,
  }),
} as const satisfies Record<string, (target: AmountsBySource) => Pick<Registration, 'by_source' | 'sum'>>;

const DIMENSIONS = {
  stored: ['none', 'user alone', 'user, and service no more', 'user and service'],
  payee: ['the same', 'another'],
  invoice_version: ['older', 'the same', 'newer'],
  asked: [
    'the same by source',
    'the same by source, and its sum',
    'the same sum alone',
    'another by source',
    'another by source, and its sum',
    'another sum alone',
    'a sum that is not that of its sources',
  ],
  expected_revision: ['absent', 'the stored one', 'another'],
  revisions_left: ['yes', 'no'],
} as const;

type Dimension = keyof typeof DIMENSIONS;
type Combination = { [Name in Dimension]: (typeof DIMENSIONS)[Name][number] };
/** The values that a row covers; of a dimension that it does not name, all. */
type Row = { [Name in Dimension]?: readonly Combination[Name][] } & {
  guarantee: string;
  comes_to: string;
};

const KNOWN = ['user alone', 'user, and service no more', 'user and service'] as const;
const SOUND = DIMENSIONS.asked.slice(0, 6);
const SAME = DIMENSIONS.asked.slice(0, 3);
const OTHER_BY_SOURCE = ['another by source', 'another by source, and its sum'] as const;
const OTHER = [...OTHER_BY_SOURCE, 'another sum alone'] as const;
const NOT_OLDER = ['the same', 'newer'] as const;
const TAKEN = ['absent', 'the stored one'] as const;
const current = { payee: ['the same'], invoice_version: NOT_OLDER } as const satisfies Partial<Row>;
const user = { ...current, stored: KNOWN.slice(0, 2), asked: OTHER } as const satisfies Partial<Row>;
const split = {
  ...current,
  stored: ['user and service'],
  asked: OTHER_BY_SOURCE,
} as const satisfies Partial<Row>;

const ROWS: Row[] = [
  {
    guarantee: 'a sum that is not that of its sources is refused before all else',
    asked: ['a sum that is not that of its sources'],
    comes_to: 'SUM_MISMATCH',
  },
  {
    guarantee: 'the first call of an order makes it, whatever it asks for',
    stored: ['none'],
    asked: SOUND,
    expected_revision: TAKEN,
    comes_to: 'registered',
  },
  {
    guarantee: 'a call that expects an order where there is none starts over',
    stored: ['none'],
    asked: SOUND,
    expected_revision: ['another'],
    comes_to: 'REVISION_CONFLICT',
  },
  {
    guarantee: 'a call for another payee is refused, also when it is stale or changes nothing',
    stored: KNOWN,
    payee: ['another'],
    asked: SOUND,
    comes_to: 'IMMUTABLE_FIELD',
  },
  {
    guarantee: 'a call of an older invoice version is stale, whatever it asks for',
    stored: KNOWN,
    payee: ['the same'],
    invoice_version: ['older'],
    asked: SOUND,
    comes_to: 'stale',
  },
  {
    guarantee: 'a call for the stored target is unchanged, whatever revision it expects',
    ...current,
    stored: KNOWN,
    invoice_version: ['the same'],
    asked: SAME,
    comes_to: 'unchanged',
  },
  {
    guarantee: 'a call for the stored target with a newer version leaves that version',
    ...current,
    stored: KNOWN,
    invoice_version: ['newer'],
    asked: SAME,
    comes_to: 'unchanged but newer',
  },
  {
    guarantee: 'another sum alone cannot be split between two sources, whatever revision it expects',
    ...split,
    asked: ['another sum alone'],
    comes_to: 'SOURCE_SPLIT_REQUIRED',
  },
  ...[
    { of: 'of an order that user alone pays for', ...user },
    { of: 'by source of an order that service pays for too', ...split },
  ].flatMap(({ of, ...other }): Row[] => [
    {
      guarantee: `another target ${of} starts over when its revision is not the stored one`,
      ...other,
      expected_revision: ['another'],
      comes_to: 'REVISION_CONFLICT',
    },
    {
      guarantee: `another target ${of} is refused when there is no revision left for it`,
      ...other,
      expected_revision: TAKEN,
      revisions_left: ['no'],
      comes_to: 'REVISION_EXHAUSTED',
    },
    {
      guarantee: `another target ${of} is registered`,
      ...other,
      expected_revision: TAKEN,
      revisions_left: ['yes'],
      comes_to: 'registered',
    },
  ]),
];

const combinations: Combination[] = (Object.keys(DIMENSIONS) as Dimension[]).reduce<Partial<Combination>[]>(
  (partial, name) => partial.flatMap((one) => DIMENSIONS[name].map((value) => ({ ...one, [name]: value }))),
  [{}],
) as Combination[];

function covers(row: Row, combination: Combination): boolean {
  return (Object.keys(DIMENSIONS) as Dimension[]).every(
    (name) => row[name] === undefined || (row[name] as readonly string[]).includes(combination[name]),
  );
}

function decide(combination: Combination): string {
  const { stored: kind, payee, invoice_version, asked, expected_revision, revisions_left } = combination;
  const target = TARGETS[kind];
  const revision = target === null ? 0 : revisions_left === 'yes' ? 2_147_483_646 : 2_147_483_647;
  const stored: StoredOrder | null = target && storedOf({ target, revision });
  const decision = decideRegister(
    stored,
    callOf({
      ...ASKED[asked](target ?? {}),
      wallet_id: payee === 'the same' ? 'wallet-1' : 'wallet-2',
      invoice_version: { older: 4, 'the same': 5, newer: 6 }[invoice_version],
      expected_revision: { absent: null, 'the stored one': revision, another: revision + 1 }[
        expected_revision
      ],
    }),
  );
  if (decision.outcome === 'refused') return decision.code;
  if (decision.outcome === 'registered') expect(decision.revision).toBe(revision + 1);
  return decision.outcome === 'unchanged' && decision.newer_version
    ? 'unchanged but newer'
    : decision.outcome;
}

test('every combination of an order and a call is in exactly one row of the table', () => {
  for (const combination of combinations) {
    const rows = ROWS.filter((row) => covers(row, combination));
    expect(rows, JSON.stringify(combination)).toHaveLength(1);
  }
});

test.each(ROWS.map((row) => [row.guarantee, row] as const))('%s', (_, row) => {
  const covered = combinations.filter((combination) => covers(row, combination));
  expect(covered).not.toHaveLength(0);
  for (const combination of covered) {
    expect(decide(combination), JSON.stringify(combination)).toBe(row.comes_to);
  }
});
