import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ChaosReport } from '../src/report.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function runMain(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { maxBuffer: 64_000_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

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

test.each([
  [['--only', 'earthquake'], 'No kind of fault has it in its name. The kinds are:'],
  [['--minutes', '0'], 'Expected a number of minutes above 0'],
  [['--seed', 'x'], 'Expected a whole number'],
])('%s is refused with what is wrong', async (args, message) => {
  const { code, stderr } = await runMain(...args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});
