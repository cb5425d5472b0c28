import {
  type OrderRate,
  SOURCES,
  type Source,
  amountOf,
  formatAmount,
  parseAmount,
  parseRate,
} from '@cashback/contract';
import type { Payment, InvoiceStatus } from '@cashback/wire';
import { expectedTarget } from './expected-target.ts';
import type { Violation } from './invariants.ts';
import { type RunTables, selectOfRun } from './run-tables.ts';

interface Row {
  invoice_id: string;
  service: string;
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
  rates: OrderRate[] | null;
  invoice_version: number | null;
  targets: Partial<Record<Source, string>>;
}

/** Invariant 0: the target, calculated again from the current invoice. An order with a held invoice has none. */
export async function checkTargets(tables: RunTables): Promise<Violation[]> {
  const rows = await selectOfRun<Row>(
    tables,
    `SELECT i.invoice_id, i.service, i.version, i.status, i.payments, r.rates, o.invoice_version,
            coalesce((SELECT jsonb_object_agg(newest.source, newest.value::text)
                        FROM (SELECT DISTINCT ON (source) source, value FROM cashback.events e
                               WHERE e.order_id = i.invoice_id ORDER BY source, revision DESC) newest), '{}') AS targets
       FROM transactions.invoices i
       LEFT JOIN cashback.order_rates r ON r.order_id = i.invoice_id
       LEFT JOIN cashback.order_clears o ON o.order_id = i.invoice_id
      WHERE i.invoice_id LIKE $1`,
  );
  return rows.flatMap((row) => checkTarget(row, tables));
}

function checkTarget(row: Row, tables: RunTables): Violation[] {
  const violation = (detail: string): Violation[] => [{ invariant: 0, order_id: row.invoice_id, detail }];
  if (row.status === 'held')
    return row.invoice_version === null ? [] : violation('registered though only held');
  if (row.invoice_version !== row.version) {
    return violation(`invoice version ${row.version}, stored ${row.invoice_version ?? 'none'}`);
  }
  const config = tables.services[row.service];
  if (config === undefined) return violation(`unknown service ${row.service}`);
  const rates = row.rates?.map(({ source, rate, max_value }) => ({
    source,
    rate: parseRate(rate),
    ...(max_value !== undefined && { max_value: parseAmount(max_value) }),
  }));
  const expected = expectedTarget({ invoice: row, rates: rates ?? null, config }, tables.shopCashback);
  if (expected === null) return violation('rates_missing');
  return SOURCES.flatMap((source) => {
    const calculated = formatAmount(amountOf(expected.target, source));
    const stored = row.targets[source] ?? '0.0000';
    return calculated === stored ? [] : violation(`${source}: calculated ${calculated}, stored ${stored}`);
  });
}
