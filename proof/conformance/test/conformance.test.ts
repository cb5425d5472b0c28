import { freePort } from '@cashback/system/free-ports';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CannotRun, GUARANTEES, runConformance } from '../src/index.ts';
import { BROKEN_SENDERS } from './broken/callbacks.ts';
import { BROKEN_IMPLEMENTATIONS } from './broken/index.ts';
import { type SystemUnderTest, startSystem } from './support/system.ts';

let system: SystemUnderTest;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

describe('our own transactions', () => {
  test('holds every guarantee', async () => {
    const report = await system.run();
    expect(report.guarantees.filter(({ verdict }) => verdict !== 'held')).toEqual([]);
    expect(report).toMatchObject({ held: GUARANTEES.length, broken: 0, not_shown: 0 });
  }, 600_000);

  test('checked with a URL and a token alone, reports what the other checks need, and nothing as broken', async () => {
    const { url, token, service, currency, timeout_ms, settle_ms } = system.options;
    const only = ['T2', 'T5', 'T32', 'T33', 'T34', 'T35', 'T36', 'T37'];
    const report = await runConformance({ url, token, service, currency, timeout_ms, settle_ms, only });
    expect(report).toMatchObject({ held: 1, broken: 0, not_shown: 7 });
    for (const { verdict, detail } of report.guarantees) {
      if (verdict === 'not shown') expect(detail).toMatch(/^needs --/);
    }
  });
});

// The two without a proxy; conformance.prove.ts has the others.
describe('an implementation that', () => {
  test('gives a reader every scope breaks T2', async () => {
    const { token } = system.options;
    const report = await system.run({ reader_token: token, only: ['T2'] });
    expect(report.guarantees).toMatchObject([{ id: 'T2', verdict: 'broken' }]);
  });

  test('signs callbacks of operations with another secret breaks T33', async () => {
    const callbacks = { ...system.options.callbacks, operation_secret: `whsec_${btoa('x'.repeat(32))}` };
    const report = await system.run({ callbacks, settle_ms: 8_000, only: ['T32', 'T33'] });
    expect(report.guarantees.map(({ verdict }) => verdict)).toEqual(['held', 'broken']);
    expect(report.guarantees[1]?.detail).toContain('with an invalid signature');
  });
});

test('a broken implementation shows each guarantee, in conformance.prove.ts or here', () => {
  const broken = new Set([
    ...BROKEN_IMPLEMENTATIONS.flatMap(({ breaks }) => breaks),
    ...BROKEN_SENDERS.map(({ breaks }) => breaks),
    'T2',
    'T36',
  ]);
  expect([...broken].toSorted()).toEqual(GUARANTEES.map(({ id }) => id).toSorted());
});

describe('a run that is impossible says why:', () => {
  test.each([
    ['a token that is not accepted', { token: 'an-unknown-token' }, 'refuses the token (401'],
    ['an unknown guarantee', { only: ['T99'] }, 'there is no guarantee T99'],
  ])('%s', async (_, change, message) => {
    const run = runConformance({ ...system.options, ...change });
    await expect(run).rejects.toThrow(CannotRun);
    await expect(run).rejects.toThrow(message);
  });

  test('a port without a listener', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(runConformance({ ...system.options, url })).rejects.toThrow('cannot be called');
  });

  test('another service', async () => {
    const { url } = system.options.trust;
    const run = runConformance({ ...system.options, url });
    await expect(run).rejects.toThrow('is it a transactions API?');
  });
});
