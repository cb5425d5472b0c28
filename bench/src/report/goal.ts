import { figure } from './figures.ts';
import type { Table } from './table.ts';

/** What a figure should be, and what it is: medians over the rounds. */
export interface Goal {
  what: string;
  wanted: string;
  value: number;
  met: boolean;
}

export function atLeast(what: string, wanted: number, value: number): Goal {
  return { what, wanted: `>= ${wanted}`, value, met: value >= wanted };
}

export function atMost(what: string, wanted: number, value: number): Goal {
  return { what, wanted: `<= ${wanted}`, value, met: value <= wanted };
}

export function goalsTable(goals: readonly Goal[]): Table {
  return [
    ['goal', 'wanted', 'is', ''],
    ...goals.map(({ what, wanted, value, met }) => [what, wanted, figure(value), met ? 'met' : 'missed']),
  ];
}
