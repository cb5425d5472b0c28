/** Decisions and what they write, without IO: the simulation applies the same values to tables of its own. */
export { decideAdoption } from './decide-adoption.ts';
