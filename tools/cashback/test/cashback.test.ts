import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../src/commands.ts';
import { buildProgram } from '../src/program.ts';

describe.each(COMMANDS.map(({ name }) => name))('cashback %s', (name) => {
  test('is loaded under its name, says what it does, and runs', async () => {
    const program = await buildProgram([name, '--help']);
    const command = program.commands.find((each) => each.name() === name);
    expect(command?.description()).toMatch(/^[A-Z].{20,}/);
    expect(command?.helpInformation()).toContain('--help');
    const runnable = command?.commands.length === 0 ? [command] : (command?.commands ?? []);
    for (const each of runnable) {
      expect(
        each.options.map(({ long }) => long),
        each.name(),
      ).toContain('--json');
    }
  });
});

test('the list of commands has a line for each, and loads none of them', async () => {
  const program = await buildProgram(['--help']);
  const lines = program.helpInformation().split('\n');
  for (const { name, summary } of COMMANDS) {
    expect(lines.filter((line) => line.trim().startsWith(`${name} `))).toEqual([
      expect.stringContaining(summary),
    ]);
  }
  expect(program.commands.flatMap(({ options }) => options)).toEqual([]);
});

test('"help <command>" loads that command', async () => {
  const program = await buildProgram(['help', 'migrate']);
  expect(program.commands.find((each) => each.name() === 'migrate')?.options).not.toEqual([]);
});
