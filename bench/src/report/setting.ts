import type { PostgresDescription } from '../database/describe-postgres.ts';
import type { Machine } from '../measure/machine.ts';

/** The machine and the Postgres of the figures, in two lines. */
export function describeSetting(machine: Machine, postgres: PostgresDescription): string {
  const { server_version, ...settings } = postgres;
  const shown = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB; Linux ${machine.kernel}; Node ${machine.node}`,
    `Postgres ${server_version}: ${shown.join(', ')}`,
  ].join('\n');
}
