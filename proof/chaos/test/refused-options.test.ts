import { expect, test } from 'vitest';
import { runMain } from './run-main.ts';

test.each([
  [['--only', 'earthquake'], 'No kind of fault has it in its name. The kinds are:'],
  [['--minutes', '0'], 'Expected a number of minutes above 0'],
  [['--seed', 'x'], 'Expected a whole number'],
])('%s is refused with what is wrong', async (args, message) => {
  const { code, stderr } = await runMain(...args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});
