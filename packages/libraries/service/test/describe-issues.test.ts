import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeIssues } from '../src/index.ts';

const amount = z.string().regex(/^\d+\.\d{4}$/, 'an amount like "100.0000"');

const schema = z.strictObject({
  order_id: z.string(),
  cashback_by_source: z.array(z.strictObject({ source: z.enum(['user', 'service']), value: amount })),
  limit: z.int().min(1).max(100).optional(),
  config: z.record(z.string().regex(/^[a-z]+$/, 'a small word'), z.number()).optional(),
  when: z.union([z.string(), z.strictObject({ at: z.number() })]).optional(),
});

function issuesOf(input: unknown) {
  const parsed = schema.safeParse(input);
  if (parsed.success) throw new Error('the input should have been refused');
  return describeIssues(parsed.error, input);
}

const good = { order_id: 'order-1', cashback_by_source: [] };

describe('describeIssues', () => {
  test.each([
    ['a missing field came as nothing', { cashback_by_source: [] }, 'order_id: expected string, got nothing'],
    ['a wrong type shows what came', { ...good, order_id: 7 }, 'order_id: expected string, got 7'],
    [
      'an own message is what was expected',
      { ...good, cashback_by_source: [{ source: 'user', value: 'ten' }] },
      'cashback_by_source[0].value: expected an amount like "100.0000", got "ten"',
    ],
    [
      'a closed list is spelled out',
      { ...good, cashback_by_source: [{ source: 'bank', value: '1.0000' }] },
      'cashback_by_source[0].source: expected one of "user", "service", got "bank"',
    ],
    ['a number out of bounds', { ...good, limit: 500 }, 'limit: expected number to be <=100, got 500'],
    [
      'an unknown field deep inside is named by its own path',
      { ...good, cashback_by_source: [{ source: 'user', value: '1.0000', note: 'x' }] },
      'cashback_by_source[0].note: expected no field of this name, got "x"',
    ],
    [
      'a wrong key of a record',
      { ...good, config: { A: 1 } },
      'config.A: expected a key that is a small word, got 1',
    ],
    ['no branch of a union fits', { ...good, when: 7 }, 'when: expected string or object, got 7'],
    [
      'the branch of a union that was meant is the one that is described',
      { ...good, when: { at: 'noon' } },
      'when.at: expected number, got "noon"',
    ],
    ['the whole input is wrong', 'hello', 'expected object, got "hello"'],
    ['nothing came at all', undefined, 'expected object, got nothing'],
  ])('%s', (_, input, message) => {
    expect(issuesOf(input).map((issue) => issue.message)).toEqual([message]);
  });

  test('all issues of one input are described, with path, expected and received apart', () => {
    expect(issuesOf({ order_id: null, cashback_by_source: 'none', shop: 1, till: 2 })).toEqual([
      {
        path: 'order_id',
        expected: 'string',
        received: 'null',
        message: 'order_id: expected string, got null',
      },
      expect.objectContaining({ path: 'cashback_by_source', expected: 'array', received: '"none"' }),
      expect.objectContaining({ path: 'shop', received: '1' }),
      expect.objectContaining({ path: 'till', received: '2' }),
    ]);
  });

  test('a received value is shortened, and so is the list of issues', () => {
    const values = Array.from({ length: 1000 }, () => ({ source: 'user', value: 'x'.repeat(1000) }));
    const issues = issuesOf({ ...good, cashback_by_source: values });
    expect(issues).toHaveLength(20);
    expect(issues[0]?.received).toHaveLength(60);
  });

  test('a hostile key is neither followed into a prototype nor shown in full', () => {
    const input = JSON.parse(
      `{"order_id":"1","cashback_by_source":[],"__proto__":{"a":1},"${'k'.repeat(500)} ":1}`,
    );
    const issues = issuesOf(input);
    expect(issues.map(({ received }) => received)).toEqual(['{"a":1}', '1']);
    expect(issues[1]?.path.length).toBeLessThan(80);
  });

  test('an inherited property of an object is no part of the input', () => {
    const error = new z.ZodError([
      { code: 'custom', path: ['__proto__'], message: 'a text', input: undefined },
    ]);
    expect(describeIssues(error, {})).toMatchObject([{ path: '__proto__', received: 'nothing' }]);
  });
});
