import type { PostgresDescription } from '../database/describe-postgres.ts';
import type { Machine } from '../measure/machine.ts';

/** What the figures were measured on, in two lines. */
export function describeSetting(machine: Machine, postgres: PostgresDescription): string {
  const { server_version, ...settings } = postgres;
  const told = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB; Linux ${machine.kernel}; Node ${machine.node}`,
    `Postgres ${server_version}: ${told.join(', ')}`,
  ].join('\n');
}
