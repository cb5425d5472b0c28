export { createTestDatabase } from './test-database.ts';
export type { TestDatabase } from './test-database.ts';
export { startRelay } from './relay.ts';
export type { Fate, Relay, Watcher } from './relay.ts';
