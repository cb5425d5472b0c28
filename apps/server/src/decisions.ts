/** What a register decides, writes and answers, without IO: the simulation applies the same values to its tables. */
export { decideCall, decideLocked } from './register/decide-call.ts';
export type { DecidedCall } from './register/decide-call.ts';
export { countedWindow, discountedWindow, heldRow, holdOf, releasedRow } from './register/breaker-rows.ts';
export type { WindowRow } from './register/breaker-rows.ts';
export { decideHolds, growingOf } from './register/decide-holds.ts';
export type { BreakerBounds } from './register/decide-holds.ts';
export { newRow, registeredRow, resumedRow } from './register/order-rows.ts';
export type { OrderRow } from './register/order-rows.ts';
export { newOrderOf, writesOf } from './register/register-writes.ts';
export type { RegisterWrites } from './register/register-writes.ts';
export { answerOf } from './register/register-answer.ts';
export { decideRelease } from './procedures/decide-release.ts';
