import { Command } from 'commander';
import { COMMANDS } from './commands.ts';

/**
 * The program, with the one command that `args` names loaded in full. The others are their names and summaries alone,
 * so that `--help` loads no tool.
 */
export async function buildProgram([first, second]: readonly string[]): Promise<Command> {
  const name = first === 'help' ? second : first;
  const program = new Command('cashback')
    .description('The cashback engine: run it, migrate it, fill it, prove it, measure it')
    .addHelpText('after', '\ncashback <command> --help says more of each.');
  for (const entry of COMMANDS) {
    const command = entry.name === name ? await entry.load() : new Command(entry.name);
    program.addCommand(command.summary(entry.summary));
  }
  return program;
}
