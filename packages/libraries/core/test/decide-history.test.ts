import { describe, expect, test } from 'vitest';
import { parseAmount } from '@cashback/contract/amount';
import type { AmountsBySource } from '@cashback/contract/source';
import { type PastOperation, type PastOperations, decideHistory } from '../src/decide-history.ts';
import type { ObservedCashback } from '../src/observed-cashback.ts';

const RESTORED_IN = 7;
const payee = { user_id: 'user', wallet_id: 'wallet', currency: 'USD' };
const user = (amount: string): AmountsBySource => ({ user: parseAmount(amount) });
const at = (day: number): Date => new Date(Date.UTC(2026, 0, day));

function made(version: number, amount: string, more: Partial<PastOperation> = {}): PastOperation {
  return {
    operation_id: `from-${version}`,
    cashback_epoch: 1,
    version,
    ...payee,
    reward: user(amount),
    outcome: 'applied',
    rewarded: user(amount),
    created_at: at(1 + version),
    ...more,
  };
}

function decide(
  cashback: { version: number; rewarded: string } & Partial<Pick<ObservedCashback, 'owed' | 'status'>>,
  operations: PastOperation[],
  more: Partial<PastOperations> = {},
): string {
  const { rewarded, ...observed } = cashback;
  const decision = decideHistory(
    {
      epoch: RESTORED_IN,
      status: 'success',
      operations: [],
      history: 'unknown',
      ...observed,
      rewarded: user(rewarded),
    },
    {
      epoch: RESTORED_IN,
      payee,
      past: { operations, has_older: false, restored_at: null, ...more },
    },
  );
  return decision.action === 'repeat'
    ? `repeat ${decision.operation.operation_id}`
    : decision.action === 'lost'
      ? `lost: ${decision.reason.split('repeated: ')[1]}`
      : 'complete';
}

/** 5, then 3, then 8. */
const chain = [made(4, '8'), made(2, '3'), made(0, '5')];

describe('an invoice that a restore brought back', () => {
  test.each<[string, Parameters<typeof decide>, string]>([
    [
      'to before everything: the first one is repeated',
      [{ version: 0, rewarded: '0' }, chain],
      'repeat from-0',
    ],
    [
      'to between two: the one of exactly its version is',
      [{ version: 2, rewarded: '5' }, chain],
      'repeat from-2',
    ],
    [
      'and that carries what the newest one left is complete',
      [{ version: 6, rewarded: '8' }, chain],
      'complete',
    ],
    [
      'and changed its version since by itself is complete with the same reward',
      [{ version: 7, rewarded: '8' }, chain],
      'complete',
    ],
    ['before any operation was made for it is complete', [{ version: 0, rewarded: '0' }, []], 'complete'],
    ['with a reward that was imported is complete', [{ version: 0, rewarded: '4' }, []], 'complete'],
    [
      'with an operation that is not known to have ended repeats it in its place',
      [{ version: 2, rewarded: '5' }, [made(2, '3', { outcome: null, rewarded: null }), made(0, '5')]],
      'repeat from-2',
    ],
    [
      'and whose open operation was made from an earlier version asks for it before all others',
      [{ version: 2, rewarded: '5' }, [made(2, '3'), made(0, '5', { outcome: null, rewarded: null })]],
      'repeat from-0',
    ],
    [
      'repeats a failed operation in its place, too',
      [
        { version: 2, rewarded: '5' },
        [made(4, '8'), made(2, '3', { outcome: 'failed', rewarded: user('4') }), made(0, '5')],
      ],
      'repeat from-2',
    ],
    [
      'and whose newest operation failed is complete with what that one left',
      [
        { version: 4, rewarded: '4', status: 'failed' },
        [made(2, '3', { outcome: 'failed', rewarded: user('4') }), made(0, '5')],
      ],
      'complete',
    ],
    [
      'and whose newest operation left a debt is complete with it',
      [{ version: 4, rewarded: '5', owed: user('2') }, [made(2, '3', { rewarded: user('5') }), made(0, '5')]],
      'complete',
    ],
    [
      'leaves out an operation that was rejected, whose version another one took',
      [
        { version: 2, rewarded: '5' },
        [made(2, '3'), made(2, '4', { operation_id: 'refused', outcome: 'rejected' }), made(0, '5')],
      ],
      'repeat from-2',
    ],
    [
      'does not count operations of its own epoch',
      [
        { version: 6, rewarded: '8' },
        [made(6, '9', { cashback_epoch: RESTORED_IN, outcome: null }), ...chain],
      ],
      'complete',
    ],
    [
      'for the second time goes on over both epochs',
      [{ version: 2, rewarded: '5' }, [made(2, '3', { cashback_epoch: 3 }), made(0, '5')]],
      'repeat from-2',
    ],
    [
      'after the tables of the worker were restored, before the newest operation, is complete',
      [{ version: 6, rewarded: '8' }, chain, { restored_at: at(3) }],
      'complete',
    ],
  ])('%s', (_, input, expected) => {
    expect(decide(...input)).toBe(expected);
  });
});

describe('it is lost', () => {
  test.each<[string, Parameters<typeof decide>, string]>([
    [
      'with a gap before a later operation',
      [{ version: 1, rewarded: '0' }, chain],
      'no operation leads to version 2, which from-2 was made from',
    ],
    [
      'where its version has only an operation that was rejected, perhaps by a side that had forgotten it',
      [{ version: 2, rewarded: '5' }, [made(2, '3', { outcome: 'rejected' }), made(0, '5')]],
      'no operation leads to version 2, which from-2 was made from',
    ],
    [
      'where a later epoch gave its version out again',
      [
        { version: 0, rewarded: '0' },
        [made(0, '7', { operation_id: 'again', cashback_epoch: 3 }), made(0, '5')],
      ],
      'operation again claims a version that another one has',
    ],
    [
      'where a later epoch went on below it',
      [
        { version: 2, rewarded: '7' },
        [made(0, '7', { operation_id: 'again', cashback_epoch: 3 }), made(2, '3'), made(0, '5')],
      ],
      'operation again claims a version that another one has',
    ],
    [
      'where the newest operation left something else',
      [{ version: 6, rewarded: '7' }, chain],
      'the newest operation from-4 left something else',
    ],
    [
      'where versions of another kind took the place of the operations',
      [{ version: 6, rewarded: '0' }, chain],
      'the newest operation from-4 left something else',
    ],
    [
      'where the next operation was for another payee',
      [{ version: 0, rewarded: '0' }, [made(0, '5', { wallet_id: 'another' })]],
      'operation from-0 was for another payee',
    ],
    [
      'where the newest operation may not be recorded',
      [{ version: 6, rewarded: '8' }, chain, { restored_at: at(5) }],
      'the tables of the worker were restored at 2026-01-05T00:00:00.000Z, and may lack operations',
    ],
    [
      'where none may be recorded',
      [{ version: 0, rewarded: '0' }, [], { restored_at: at(1) }],
      'the tables of the worker were restored at 2026-01-01T00:00:00.000Z, and may lack operations',
    ],
    [
      'where older operations were not read',
      [{ version: 0, rewarded: '0' }, [made(2, '3')], { has_older: true }],
      'it has too many operations since the restored version',
    ],
  ])('%s', (_, input, why) => {
    expect(decide(...input)).toBe(`lost: ${why}`);
  });
});

test('older operations that were not read do not matter below the restored version', () => {
  expect(decide({ version: 4, rewarded: '3' }, chain, { has_older: true })).toBe('repeat from-4');
});
