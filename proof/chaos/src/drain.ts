import { settle } from '@cashback/scenario';
import { AT_REST, type RunTables, type Violation } from '@cashback/invariants';

/** Longer than every lease and backoff in the testbed's settings. */
const TIMEOUT_MS = 60_000;
const MAX_CHECKS = 4;

export interface Drained {
  unsettled: { order_id: string; detail: string }[];
}

/**
 * Waits until every order is settled. Nobody resumes an order: every fault of chaos passes, so an order that needs
 * attention leaves it by itself, or is left unsettled (invariant 17).
 */
export async function drain(
  runs: readonly RunTables[],
  { signal }: { signal: AbortSignal },
): Promise<Drained> {
  const unsettled: Drained['unsettled'] = [];
  for (const tables of runs) {
    const left = await settle(tables, { signal, progress: () => {}, timeout_ms: TIMEOUT_MS });
    unsettled.push(...left.examples);
    if (left.wallets > 0) {
      unsettled.push({
        order_id: `${tables.run}-wallet-*`,
        detail: `${left.wallets} wallets are not cached or not pushed`,
      });
    }
    if (left.walks > 0) {
      unsettled.push({
        order_id: `${tables.run}-*`,
        detail: `${left.walks} walks over all orders have not ended`,
      });
    }
  }
  return { unsettled };
}

interface Checked {
  violations: Violation[];
}

/**
 * Drains and checks. A violation counts once it was found twice, with rest before, between and after: work may begin during a
 * check, as that of an audit does. An order that never comes to rest is unsettled, and breaks no invariant of rest.
 */
export async function checkAtRest<Result extends Checked>(
  drained: () => Promise<Drained>,
  check: () => Promise<Result>,
): Promise<Drained & { checked: Result }> {
  let { unsettled } = await drained();
  let checked = await check();
  for (let checks = 1; checks < MAX_CHECKS && unsettled.length === 0; checks += 1) {
    if (checked.violations.length === 0) break;
    const earlier = new Set(checked.violations.map(nameOf));
    ({ unsettled } = await drained());
    checked = await check();
    if (unsettled.length > 0) break;
    ({ unsettled } = await drained());
    if (checked.violations.every((violation) => earlier.has(nameOf(violation)))) break;
  }
  if (unsettled.length === 0) return { unsettled, checked };
  const violations = checked.violations.filter(({ invariant }) => !AT_REST.has(invariant));
  return { unsettled, checked: { ...checked, violations } };
}

function nameOf({ invariant, order_id }: Violation): string {
  return `${invariant} ${order_id}`;
}
