import { expect, test } from 'vitest';
import type { ChaosReport } from '../src/report.ts';
import { runMain } from './run-main.ts';

test(
  'in a short run with one kind of fault it happens, everything drains, and every invariant holds',
  { timeout: 300_000 },
  async () => {
    const { code, stdout, stderr } = await runMain(
      '--minutes',
      '0.05',
      '--seed',
      '3',
      '--only',
      'COMMIT',
      '--json',
    );
    expect(stderr).toContain('seed 3');
    const report = JSON.parse(stdout) as ChaosReport & { passed: boolean };
    expect(report).toMatchObject({ passed: true, seed: 3, violations: [], unsettled: [], crashed: [] });
    expect(Object.keys(report.fired).toSorted()).toEqual(
      ['server', 'transactions', 'worker'].map((app) => `COMMIT's answer dropped, ${app}`),
    );
    expect(Math.min(...Object.values(report.fired))).toBeGreaterThan(0);
    expect(report.orders).toBeGreaterThan(0);
    expect(report.contended_calls).toBeGreaterThan(report.unanswered_calls);
    expect(code).toBe(0);
  },
);
