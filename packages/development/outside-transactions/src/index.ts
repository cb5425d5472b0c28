export { refuse, startOutsideTransactions } from './start-outside-transactions.ts';
export type { Answer, Call, OutsideTransactions } from './start-outside-transactions.ts';
