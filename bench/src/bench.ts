import { Command } from 'commander';
import { chargeCommand } from './charge/command.ts';
import { convergenceCommand } from './convergence/command.ts';
import { enqueueCommand } from './enqueue/command.ts';
import { registerCommand } from './register/command.ts';

export function benchCommand(): Command {
  return new Command('bench')
    .description('Benchmarks, each measured beside its peer or its limit in the same run')
    .addCommand(registerCommand())
    .addCommand(enqueueCommand())
    .addCommand(chargeCommand())
    .addCommand(convergenceCommand());
}

if (import.meta.main) await benchCommand().parseAsync();
