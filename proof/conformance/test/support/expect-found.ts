import { expect } from 'vitest';
import { type BrokenImplementation, toHook } from '../broken/exchange.ts';
import type { SystemUnderTest } from './system.ts';

/** How long a guarantee may wait for what a broken implementation never does. */
const SETTLE_MS = 3_000;

/** The suite reports every guarantee that the implementation breaks as broken. */
export async function expectFound(system: SystemUnderTest, broken: BrokenImplementation): Promise<void> {
  const front = toHook(broken, system.options.token);
  const report = await system.run({ settle_ms: SETTLE_MS, only: broken.breaks }, { front });
  for (const { id, verdict, detail } of report.guarantees) {
    expect(verdict, `${id}: ${detail}`).toBe('broken');
  }
  expect(report.broken).toBe(broken.breaks.length);
}
