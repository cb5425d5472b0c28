/** What a register decides, writes and answers, and how an order is shown, without IO: the simulation runs the same. */
export type { DecidedCall } from './register/decide-call.ts';
export {
  countedWindow,
  discountedWindow,
  heldRow,
  holdOf,
  holdStateOf,
  releasedRow,
} from './register/breaker-rows.ts';
export type { WindowRow } from './register/breaker-rows.ts';
export { decideHolds } from './register/decide-holds.ts';
export type { BreakerBounds } from './register/decide-holds.ts';
export { newRow, payeeRow, registeredRow, resumedRow } from './register/order-rows.ts';
export type { OrderRow } from './register/order-rows.ts';
export { planDecided, planLocks, planRegisters, rowsToLock } from './register/plan-registers.ts';
export type { LockedOrders, RegisterPlan } from './register/plan-registers.ts';
export { planPayee } from './payee/plan-payee.ts';
export { planReleases } from './procedures/plan-releases.ts';
export { shownOrder } from './procedures/shown-order.ts';
