import { freePort } from '@cashback/system/free-ports';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CannotRun, GUARANTEES, runConformance } from '../src/index.ts';
import { startCallbackRelay } from './callback-relay.ts';
import { FAULTS } from './faults.ts';
import { startForgetfulRelay } from './forgetful-relay.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { type SystemUnderTest, startSystem } from './system.ts';

let system: SystemUnderTest;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

describe('our own transactions', () => {
  test('holds every guarantee', async () => {
    const report = await runConformance(system.options);
    expect(report.guarantees.filter(({ verdict }) => verdict !== 'held')).toEqual([]);
    expect(report).toMatchObject({ held: GUARANTEES.length, broken: 0, not_shown: 0 });
  }, 120_000);

  test('with nothing but its URL and a token, it says what else it needs, and calls nothing broken', async () => {
    const { url, token, service, currency, timeout_ms, settle_ms } = system.options;
    const only = ['T2', 'T5', 'T32', 'T33', 'T34', 'T35', 'T36', 'T37'];
    const report = await runConformance({ url, token, service, currency, timeout_ms, settle_ms, only });
    expect(report).toMatchObject({ held: 1, broken: 0, not_shown: 7 });
    for (const { verdict, detail } of report.guarantees) {
      if (verdict === 'not shown') expect(detail).toMatch(/^needs --/);
    }
  });
});

describe('an implementation that', () => {
  test.each(FAULTS)(
    '$does breaks $breaks, and is found out',
    async ({ breaks, fault, open = false }) => {
      const { url, token } = system.options;
      const proxy = await startFaultyProxy({ url, token, open }, fault());
      try {
        const report = await runConformance({
          ...system.options,
          url: proxy.url,
          settle_ms: 5_000,
          only: breaks,
        });
        for (const { id, verdict, detail } of report.guarantees) {
          expect(verdict, `${id}: ${detail}`).toBe('broken');
        }
        expect(report.broken).toBe(breaks.length);
      } finally {
        await proxy.stop();
      }
    },
    60_000,
  );

  const LOOKUP = ['T23', 'T24', 'T25', 'T26', 'T27', 'T29', 'T30', 'T31'];
  test.each(
    FAULTS.filter(({ does }) =>
      /another body under a known id|whoever is named|before what is in flight/.test(does),
    ),
  )('$does breaks nothing else of the lookup', async ({ breaks, fault }) => {
    const { url, token } = system.options;
    const proxy = await startFaultyProxy({ url, token, open: false }, fault());
    try {
      const report = await runConformance({ ...system.options, url: proxy.url, only: LOOKUP });
      const broken = report.guarantees.filter(({ verdict }) => verdict === 'broken').map(({ id }) => id);
      // One id for several invoices is another body, too.
      expect(broken.filter((id) => id !== 'T31')).toEqual(breaks);
    } finally {
      await proxy.stop();
    }
  });

  test('gives a reader every scope is found out', async () => {
    const { token } = system.options;
    const report = await runConformance({ ...system.options, reader_token: token, only: ['T2'] });
    expect(report.guarantees).toMatchObject([{ id: 'T2', verdict: 'broken' }]);
  });

  test('signs with another secret is found out', async () => {
    const callbacks = { ...system.options.callbacks, operation_secret: `whsec_${btoa('x'.repeat(32))}` };
    const report = await runConformance({
      ...system.options,
      callbacks,
      settle_ms: 2_000,
      only: ['T32', 'T33'],
    });
    expect(report.guarantees.map(({ verdict }) => verdict)).toEqual(['held', 'broken']);
    expect(report.guarantees[1]?.detail).toContain('whose signature is wrong');
  });

  test('repeats a request to the payment system under a new id is found out', async () => {
    const other = await startSystem({ startTrustRelay: startForgetfulRelay });
    try {
      const report = await runConformance({ ...other.options, only: ['T35', 'T36'] });
      expect(report.guarantees.map(({ verdict }) => verdict)).toEqual(['held', 'broken']);
      expect(report.guarantees[1]?.detail).toMatch(/^wallet .+: expected .+, as rewarded, got /);
    } finally {
      await other.stop();
    }
  });

  test.each([
    ['does not send a callback again', 'swallow failures', 'T34'],
    ['loses callbacks of invoices', 'lose invoices', 'T32'],
    ['sends a callback again under another id', 'other ids', 'T34'],
    ['loses callbacks of operations', 'lose operations', 'T33'],
  ] as const)('%s is found out', async (_, mode, broken) => {
    const relay = await startCallbackRelay(mode);
    const other = await startSystem({ callback_port: relay.port });
    try {
      relay.forwardTo(other.options.callbacks);
      const only = ['T5', broken];
      const report = await runConformance({ ...other.options, settle_ms: 2_000, only });
      expect(report.guarantees.map(({ verdict }) => verdict)).toEqual(['held', 'broken']);
    } finally {
      await other.stop();
      await relay.stop();
    }
  });
});

test('every guarantee is broken by one of these', () => {
  const broken = new Set([...FAULTS.flatMap(({ breaks }) => breaks), 'T2', 'T32', 'T33', 'T34', 'T36']);
  expect([...broken].toSorted()).toEqual(GUARANTEES.map(({ id }) => id).toSorted());
});

describe('what cannot be run is said', () => {
  test.each([
    ['a token that is not accepted', { token: 'another-token-of-somebody' }, 'refuses the token (401'],
    ['a token that may not read', { only: ['T99'] }, 'there is no guarantee T99'],
  ])('%s', async (_, change, message) => {
    const run = runConformance({ ...system.options, ...change });
    await expect(run).rejects.toThrow(CannotRun);
    await expect(run).rejects.toThrow(message);
  });

  test('nobody who answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(runConformance({ ...system.options, url })).rejects.toThrow('cannot be called');
  });

  test('something else that answers', async () => {
    const { url } = system.options.trust;
    const run = runConformance({ ...system.options, url });
    await expect(run).rejects.toThrow('is it a transactions API?');
  });
});
