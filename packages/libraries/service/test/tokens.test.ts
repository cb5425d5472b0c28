import { describe, expect, test } from 'vitest';
import { authenticate } from '../src/index.ts';
import { TOKENS } from './support.ts';

describe('authenticate', () => {
  test.each([
    ['Bearer token-of-processing', 'processing'],
    ['bearer token-of-the-auditor', 'auditor'],
    ['token-of-processing', undefined],
    ['Basic token-of-processing', undefined],
    ['Bearer token-of-processin', undefined],
    ['Bearer ', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s', (header, caller) => {
    expect(authenticate(TOKENS, header)?.caller).toBe(caller);
  });

  test('returns the scopes of the caller', () => {
    expect([...(authenticate(TOKENS, 'Bearer token-of-processing')?.scopes ?? [])]).toEqual(['orders']);
  });
});
