import { checkAttention } from './check-attention.ts';
import { checkConvergence } from './check-convergence.ts';
import { checkMoney, readTotals } from './check-money.ts';
import { checkOperations } from './check-operations.ts';
import { checkOrders } from './check-orders.ts';
import { checkPrivileges } from './check-privileges.ts';
import { checkQueue } from './check-queue.ts';
import { checkTargets } from './check-targets.ts';
import { checkWallets } from './check-wallets.ts';
import type { Violation } from './invariants.ts';
import type { RunTables } from './run-tables.ts';

export { AT_REST, INVARIANTS } from './invariants.ts';
export type { InvariantNumber, Violation } from './invariants.ts';
export { checkConvergence } from './check-convergence.ts';
export { readTotals } from './check-money.ts';
export type { BySource, Totals } from './check-money.ts';
export { readOrderHistory } from './order-history.ts';
export { readUnsettled } from './unsettled.ts';
export type { Unsettled } from './unsettled.ts';
export { selectOfRun } from './run-tables.ts';
export type { RunTables } from './run-tables.ts';

/** Checks invariants 0 to 14 and 17 at rest, from the tables of all apps; `checked` is called after each group of checks. */
export async function checkInvariants(
  tables: RunTables,
  checked: (groups: number) => void,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const check of CHECKS) {
    violations.push(...(await check(tables)));
    checked(1);
  }
  return violations.sort((left, right) => left.invariant - right.invariant);
}

const CHECKS: readonly ((tables: RunTables) => Promise<Violation[]>)[] = [
  checkTargets,
  checkOrders,
  checkOperations,
  checkWallets,
  checkQueue,
  async (tables) => checkMoney(await readTotals(tables)),
  checkPrivileges,
  checkConvergence,
  checkAttention,
];

/** The number of groups in `checkInvariants`. */
export const CHECK_GROUPS: number = CHECKS.length;
