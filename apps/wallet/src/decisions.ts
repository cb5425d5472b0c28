/** Decisions and what they write, without IO: the simulation applies the same values to tables of its own. */
export type { BalanceReport } from './balance-report.ts';
export { adoptionOf } from './decide-adoption.ts';
export type { AdoptionWrites } from './decide-adoption.ts';
export { FIRST_PLACE, decideFollowStep } from './follow/decide-follow-step.ts';
export { newerReports } from './follow/newer-reports.ts';
export { insertedBalance, updatedBalance } from './db/rules.ts';
export type { BalanceRow } from './db/rules.ts';
