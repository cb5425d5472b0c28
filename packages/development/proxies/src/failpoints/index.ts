export { createFailpoints } from './failpoints.ts';
export type { Effect, Failpoint, Failpoints, Fate, SetFailpoint } from './failpoints.ts';
export { openHttpRoad } from './http-road.ts';
export { openPostgresRoad } from './postgres-road.ts';
export type { Road } from './postgres-road.ts';
