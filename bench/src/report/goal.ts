import { figure } from './figures.ts';
import type { Table } from './table.ts';

/** A figure with its bound, measured as the median over the rounds. */
export interface Goal {
  what: string;
  bound: string;
  value: number;
  met: boolean;
}

export function atLeast(what: string, bound: number, value: number): Goal {
  return { what, bound: `>= ${bound}`, value, met: value >= bound };
}

export function atMost(what: string, bound: number, value: number): Goal {
  return { what, bound: `<= ${bound}`, value, met: value <= bound };
}

export function goalsTable(goals: readonly Goal[]): Table {
  return [
    ['goal', 'bound', 'measured', ''],
    ...goals.map(({ what, bound, value, met }) => [what, bound, figure(value), met ? 'met' : 'missed']),
  ];
}
