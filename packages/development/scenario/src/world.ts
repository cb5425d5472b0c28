import { readFileSync } from 'node:fs';
import { cashbackServices } from '@cashback/wire';
import { serviceConfigOf } from '@cashback/core';
import type { World } from '@cashback/invariants';
import pg from 'pg';
import { shopCashback, type System } from '@cashback/system';

/** The tables and settings that the checkers read, for one run on this system. */
export function openWorld(system: System, run: string): World {
  const services = cashbackServices.parse(JSON.parse(readFileSync(system.cashback_services, 'utf8')));
  const sql = new pg.Pool({
    connectionString: system.database_url,
    max: 4,
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
