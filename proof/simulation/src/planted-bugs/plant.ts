import type { Decisions } from '../decisions.ts';

/** Replaces one of the product's functions by one with a mistake. */
export type Plant = (decisions: Decisions) => Decisions;
