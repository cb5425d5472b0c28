import { sumDifferences } from '@cashback/cashback-db';
import type { ConvergenceInput, ConvergenceOutput } from '@cashback/contract';
import { sumParts } from '@cashback/core';
import type { Reader } from '@cashback/postgres';

/** How far all orders are from their targets, by service, and what keeps them from it: exact in its snapshot. */
export async function showConvergence(
  reader: Reader,
  { service }: ConvergenceInput,
): Promise<ConvergenceOutput> {
  const { as_of, standing } = await sumDifferences(reader, service ?? null);
  return {
    as_of: as_of.toISOString(),
    services: sumParts(standing).map(({ parts, ...fields }) => ({
      ...fields,
      parts: parts.map(({ oldest_since, ...part }) => ({
        ...part,
        oldest_since: oldest_since && oldest_since.toISOString(),
        oldest_age_ms: oldest_since && Math.max(0, as_of.getTime() - oldest_since.getTime()),
      })),
    })),
  };
}
