import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Position, comparePositions, decideAdoption } from '../src/decide-adoption.ts';
import { decideDrift } from '../src/decide-drift.ts';
import { formatEventId, parseEventId } from '../src/push/event-id.ts';
import { newCallback } from './support.ts';

const report = (sequence: number, epoch?: number) =>
  newCallback('wallet', sequence, epoch === undefined ? {} : { epoch }).body;

describe('a balance is adopted', () => {
  test.each<
    [string, Position | null, [number, number?], { position: [number, number]; gap: boolean } | null]
  >([
    ['the first one', null, [1], { position: [1, 1], gap: false }],
    ['the first one that arrives', null, [2], { position: [1, 2], gap: true }],
    ['the next sequence', { epoch: 1, sequence: 4 }, [5, 1], { position: [1, 5], gap: false }],
    ['a later sequence', { epoch: 1, sequence: 4 }, [6, 1], { position: [1, 6], gap: true }],
    ['a lower sequence of a newer epoch', { epoch: 1, sequence: 9 }, [3, 2], { position: [2, 3], gap: true }],
    ['without an epoch, in the cached one', { epoch: 2, sequence: 3 }, [4], { position: [2, 4], gap: false }],
    ['but not the same again', { epoch: 1, sequence: 4 }, [4, 1], null],
    ['but not an older sequence', { epoch: 1, sequence: 4 }, [3, 1], null],
    ['but not a higher sequence of an older epoch', { epoch: 2, sequence: 3 }, [9, 1], null],
    ['but not an older sequence without an epoch', { epoch: 2, sequence: 3 }, [3], null],
  ])('%s', (_, cached, [sequence, epoch], expected) => {
    const adopted = decideAdoption(cached, report(sequence, epoch));
    expect(
      adopted && { position: [adopted.balance.epoch, adopted.balance.sequence], gap: adopted.has_gap },
    ).toEqual(expected);
    if (adopted !== null) expect(adopted.push).toMatchObject({ ...positionOf(adopted.balance) });
  });

  test('in any order of reports, with and without epochs, only if it is newer than all before it', () => {
    const reports = fc.array(
      fc.record({
        epoch: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        sequence: fc.integer({ min: 1, max: 5 }),
      }),
    );
    fc.assert(
      fc.property(reports, (arrivals) => {
        let cached: Position | null = null;
        for (const { epoch, sequence } of arrivals) {
          const adopted = decideAdoption(cached, report(sequence, epoch));
          if (adopted === null) continue;
          if (cached !== null) expect(comparePositions(adopted.balance, cached)).toBeGreaterThan(0);
          cached = positionOf(adopted.balance);
        }
      }),
    );
  });
});

describe('an answer that is not newer', () => {
  const cached = { epoch: 2, sequence: 5, balance: '50.0000' };
  test.each<[string, Position, [number, number?, string?], string | null]>([
    ['agrees', cached, [5, 2], null],
    ['agrees without an epoch', cached, [5], null],
    ['agrees with another notation of the balance', cached, [5, 2, '50'], null],
    ['differs by its balance', cached, [5, 2, '50.0001'], 'differs'],
    ['is behind by its sequence', cached, [4, 2], 'behind'],
    ['is behind by its epoch', cached, [9, 1], 'behind'],
    ['was overtaken by a callback meanwhile', { epoch: 2, sequence: 3 }, [4, 2], null],
    ['was overtaken by a callback of the next epoch', { epoch: 1, sequence: 3 }, [4, 1], null],
  ])('%s', (_, asked, [sequence, epoch, balance = `${sequence * 10}.0000`], expected) => {
    expect(decideDrift(cached, asked, { ...report(sequence, epoch), balance })).toBe(expected);
  });
});

describe('the id of an event', () => {
  test.each([
    [{ epoch: 1, sequence: 7 }, '7'],
    [{ epoch: 2, sequence: 7 }, '2:7'],
  ])('of %j is %s, and back', (position, id) => {
    expect(formatEventId(position)).toBe(id);
    expect(parseEventId(id)).toEqual(position);
  });

  test.each(['', 'abc', '-1', '1.5', '0:1', '1:', ':1', '1:2:3', '99999999999999999'])(
    'is never %j',
    (id) => {
      expect(parseEventId(id)).toBeNull();
    },
  );
});

function positionOf({ epoch, sequence }: Position): Position {
  return { epoch, sequence };
}
