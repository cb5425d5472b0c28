export { createTestDatabase } from './test-database.ts';
export type { TestDatabase } from './test-database.ts';
export { forTests } from './for-tests.ts';
export { untilLockWaits } from './until-lock-waits.ts';
export { readUntil, untilEqual, waitUntil } from '@cashback/timing';
export { isAlive } from '@cashback/embedded-postgres';
