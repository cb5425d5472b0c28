import { ATTENTION_CODES, ATTENTION_ORIGINS, type AttentionFilter } from '@cashback/contract';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { time } from '../time-option.ts';

/** Which orders a command is about, as its options say. */
export interface FilterOptions {
  code?: AttentionFilter['code'];
  service?: string;
  origin?: AttentionFilter['origin'];
  olderThan?: string;
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Adds the options of a filter to a command. */
export function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--code <code>', 'only orders with this code').choices(ATTENTION_CODES))
    .option('--service <name>', 'only orders of this service')
    .addOption(
      new Option('--origin <app>', 'only orders for which this app states the need').choices(
        ATTENTION_ORIGINS,
      ),
    )
    .option(
      '--older-than <age>',
      'only orders that have needed attention for this long (90s, 15m, 2h, 3d), or since a time',
      olderThan,
    );
}

export function filterOf({ code, service, origin, olderThan: older_than }: FilterOptions): AttentionFilter {
  return {
    ...(code !== undefined && { code }),
    ...(service !== undefined && { service }),
    ...(origin !== undefined && { origin }),
    ...(older_than !== undefined && { older_than }),
  };
}

/** A moment, also as its distance from now. */
function olderThan(text: string): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) {
    return new Date(Date.now() - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]).toISOString();
  }
  try {
    return time(text).toISOString();
  } catch {
    throw new InvalidArgumentError(
      'expected an age such as 15m or 3d, or a time such as 2026-03-01T00:00:00Z',
    );
  }
}
