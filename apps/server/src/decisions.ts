/** What a register decides, writes and answers, without IO: the simulation applies the same values to its tables. */
export { decideCall } from './register/decide-call.ts';
export type { DecidedCall } from './register/decide-call.ts';
export { newOrderOf, writesOf } from './register/register-writes.ts';
export type { RegisterWrites } from './register/register-writes.ts';
export { answerOf } from './register/register-answer.ts';
