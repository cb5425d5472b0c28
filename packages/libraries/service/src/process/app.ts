import { Command } from 'commander';
import type { z } from 'zod';
import { type Log, type LogSettings, createLog, logSettings } from './log.ts';
import { describeSettings, readSettings } from '../settings/settings.ts';

export interface RunningApp {
  /** Where it listens, if it does. */
  url?: string;
  stop(): Promise<void>;
}

export interface AppContext {
  log: Log;
  name: string;
}

export interface AppOptions<S extends z.ZodObject> {
  name: string;
  description: string;
  settings: S;
  start: (settings: z.output<S>, context: AppContext) => Promise<RunningApp>;
  env: NodeJS.ProcessEnv;
}

/** Whatever hangs, the process ends this long after the request to stop. */
const STOP_TIMEOUT_MS = 15_000;

/**
 * The life of a process: reads its settings, starts, reports to a parent process over IPC
 * `{ ready: true, url }`, and stops on SIGTERM, SIGINT or when that parent is gone. Ends with 0 after a stop that
 * was asked for, otherwise with 1. A second signal ends it at once.
 */
export async function runApp<S extends z.ZodObject>(options: AppOptions<S>): Promise<void> {
  const { name, description, env } = options;
  const schema = options.settings.safeExtend(logSettings);
  const command = new Command(name)
    .description(description)
    .option('--json', 'log JSON lines, also to a terminal')
    .addHelpText('after', () => `\n${describeSettings(schema)}`)
    .parse();
  const json = command.opts<{ json?: true }>().json === true || !process.stdout.isTTY;

  try {
    const settings = readSettings(schema, env) as z.output<S> & LogSettings;
    const log = createLog({ name, level: settings.log_level, json });
    await live(options, settings, log);
  } catch (error) {
    process.stderr.write(`${name}: ${describeStartError(error)}\n`);
    process.exit(1);
  }
}

async function live<S extends z.ZodObject>(
  options: AppOptions<S>,
  settings: z.output<S>,
  log: Log,
): Promise<void> {
  const { name, start } = options;
  let stopping = false;

  function die(error: unknown, what: string): void {
    log.fatal({ err: error }, what);
    process.exit(1);
  }
  process.on('uncaughtException', (error) => die(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => die(error, 'unhandled rejection'));

  async function stop(reason: string): Promise<void> {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    setTimeout(() => {
      log.error({ stop_timeout_ms: STOP_TIMEOUT_MS }, 'did not stop in time');
      process.exit(1);
    }, STOP_TIMEOUT_MS);
    try {
      const running = await starting;
      await running.stop();
    } catch (error) {
      die(error, 'failed to stop');
    }
    log.info('stopped');
    process.exit(0);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      void stop(signal);
    });
  }
  const orphaned = (): void => void stop('the parent process is gone');
  process.on('disconnect', orphaned);

  const starting = start(settings, { log, name });
  const { url } = await starting;
  if (stopping) return;
  log.info({ url }, 'ready');
  // A parent that is gone meanwhile is noticed by `disconnect`.
  process.send?.({ ready: true, url }, undefined, undefined, () => {});
  if (process.send !== undefined && !process.connected) orphaned();
}

/** One clear message for an error that says `expected: true`; a stack only when the fault is likely ours. */
function describeStartError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { syscall, expected } = error as { syscall?: unknown; expected?: unknown };
  if (expected === true || syscall !== undefined) return error.message;
  // Tried on several addresses of one host: the message is in the parts.
  if (error instanceof AggregateError) return error.errors.map(describeStartError).join('; ');
  return error.stack ?? error.message;
}
