// `pnpm test:system-postgres`: the tests that face the database, on another server than the embedded one.
import { defineConfig } from 'vitest/config';
import { findDatabaseTests } from './scripts/check-database-tests.ts';
import tests from './vitest.config.ts';

export default defineConfig({ ...tests, test: { ...tests.test, include: findDatabaseTests() } });
