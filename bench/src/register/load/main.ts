/** The load process: makes the calls, so that they cost the measuring process nothing. */
import type { LoadCommand } from './messages.ts';
import { type RunningLoad, startLoad } from './run-load.ts';

let load: RunningLoad | undefined;

process.on('message', (command: LoadCommand) => {
  if ('plan' in command) load = startLoad(command.plan);
  else void load?.end(command.end).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
