import { InvalidArgumentError } from 'commander';

/** Reads a time of the command line. */
export function time(text: string): Date {
  const parsed = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(parsed.getTime())) return parsed;
  throw new InvalidArgumentError('expected a time such as 2026-03-01T00:00:00Z');
}
