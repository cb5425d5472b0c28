import { readFileSync } from 'node:fs';
import { cashbackServices } from '@cashback/wire';
import { serviceConfigOf } from '@cashback/core';
import type { RunTables } from '@cashback/invariants';
import pg from 'pg';
import { shopCashback, type System } from '@cashback/system';

const QUERY_TIMEOUT_MS = 120_000;

/** The tables and settings that the checkers read, for one run on this system, by way of their own if one is given. */
export function openRunTables(system: System, run: string, database_url = system.database_url): RunTables {
  const services = cashbackServices.parse(JSON.parse(readFileSync(system.cashback_services, 'utf8')));
  const sql = new pg.Pool({
    connectionString: database_url,
    max: 4,
    // A check that never ends would say nothing. What it reads does not change by being given up.
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'checker',
  });
  // A connection that breaks while idle is replaced at the next query.
  sql.on('error', () => {});
  return {
    sql,
    run,
    services: Object.fromEntries(
      Object.entries(services).map(([name, entry]) => [name, serviceConfigOf(entry)]),
    ),
    shopCashback,
  };
}
