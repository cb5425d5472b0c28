import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { setting } from '../settings/setting.ts';

export type Log = Logger;

/** The setting that every app has beside its own. */
export const logSettings = {
  log_level: setting.choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    description: 'The least severe lines that are logged',
    default: 'info',
  }),
};

export interface LogSettings {
  log_level: string;
}

const SECRET_FIELDS = ['authorization', 'token', 'tokens', 'secret', 'password', 'database_url'];

export interface LogOptions {
  name: string;
  level: string;
  /** JSON lines for machines; otherwise coloured text for a person. */
  json: boolean;
  /** Standard output when absent. */
  destination?: DestinationStream;
}

export function createLog({ name, level, json, destination }: LogOptions): Log {
  const options = {
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[hidden]',
    },
  };
  // Written at once, by either: the last lines before an exit are the ones that matter.
  if (json) return pino(options, destination ?? pino.destination({ dest: process.stdout.fd, sync: true }));
  const pretty = prettyFactory({ colorize: destination === undefined, ignore: 'pid,hostname' });
  const out = destination ?? process.stdout;
  return pino(options, { write: (line) => void out.write(pretty(line)) });
}
