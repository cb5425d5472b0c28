export { GUARANTEES } from './guarantees/index.ts';
export { CannotRun, runConformance } from './run-conformance.ts';
export type { ConformanceOptions, ConformanceReport, Finding } from './run-conformance.ts';
