import type { Amount } from '@cashback/contract';
import type { ServiceConfig } from '@cashback/core';
import type pg from 'pg';

/** What the checkers read: the tables of all apps, for the orders of one run. */
export interface RunTables {
  /** A login that may read every schema. */
  sql: pg.Pool;
  /** Ids of the run's orders and wallets start with it and a `-`. */
  run: string;
  services: Readonly<Record<string, ServiceConfig>>;
  /** The shop's answer for an earning base. */
  shopCashback(base: Amount): Amount;
  /** How late an unsettled order without a job may be: the sweeper's grace and one turn of it. 5 minutes when absent. */
  sweep_within_ms?: number;
}

/** Rows of a query whose `$1` is the pattern of the run's ids. */
export async function selectOfRun<Row extends pg.QueryResultRow>(
  { sql, run }: RunTables,
  query: string,
): Promise<Row[]> {
  const { rows } = await sql.query<Row>(query, [`${run.replaceAll('_', String.raw`\_`)}-%`]);
  return rows;
}
