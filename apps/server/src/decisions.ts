/** What a register decides, writes and answers, and how an order is shown, without IO: the simulation runs the same. */
export { decideCall, decideLocked, isLockable } from './register/decide-call.ts';
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
export { decideHolds, growingOf } from './register/decide-holds.ts';
export type { BreakerBounds } from './register/decide-holds.ts';
export { newRow, payeeRow, registeredRow, resumedRow } from './register/order-rows.ts';
export type { OrderRow } from './register/order-rows.ts';
export { newOrderOf, writesOf } from './register/register-writes.ts';
export type { RegisterWrites } from './register/register-writes.ts';
export { answerOf } from './register/register-answer.ts';
export { decidePayee } from './payee/decide-payee.ts';
export { decideRelease } from './procedures/decide-release.ts';
export { shownOrder } from './procedures/shown-order.ts';
