export { createTestDatabase } from './test-database.ts';
export type { TestDatabase } from './test-database.ts';
export { waitUntil } from '@cashback/system/wait-until';
