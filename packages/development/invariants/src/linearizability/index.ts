export { checkLinearizable } from './check-history.ts';
export type { Verdict } from './check-history.ts';
export { createHistory } from './history.ts';
export type { History, RecordedCall, SequentialModel } from './history.ts';
