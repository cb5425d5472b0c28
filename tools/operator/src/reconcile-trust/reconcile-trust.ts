import type { Database } from '@cashback/postgres';
import {
  PAGE_SIZE,
  type Period,
  compareExport,
  createExportTable,
  insertExportRows,
} from './compare-export.ts';
import type { Difference, DifferenceKind } from './difference.ts';
import { openExport } from './export-rows.ts';

export interface TrustReport {
  /** Rows of the export. */
  rows: number;
  differences: number;
  by_difference: Partial<Record<DifferenceKind, number>>;
}

interface ReconcileOptions {
  pool: Database['pool'];
  file: string;
  period: Period;
  onRows: (rows: number, bytes: number) => void;
  /** The export is loaded, and the comparison begins. */
  onCompare: () => void;
  onDifference: (difference: Difference) => void;
}

/** Loads the export, compares it, and reports what differs. Memory holds one page of either. */
export async function reconcileTrust(options: ReconcileOptions): Promise<TrustReport> {
  const { pool, file, period, onRows, onCompare, onDifference } = options;
  const report: TrustReport = { rows: 0, differences: 0, by_difference: {} };
  const exported = openExport(file);
  // The temporary table lives as long as this one connection, which is not used again.
  const client = await pool.connect();
  try {
    await createExportTable(client);
    for await (const page of exported.pages(PAGE_SIZE)) {
      await insertExportRows(client, page);
      report.rows += page.length;
      onRows(report.rows, exported.bytesRead());
    }
    onCompare();
    for await (const differences of compareExport(client, period)) {
      for (const difference of differences) {
        report.differences += 1;
        report.by_difference[difference.difference] = (report.by_difference[difference.difference] ?? 0) + 1;
        onDifference(difference);
      }
    }
    return report;
  } finally {
    client.release(true);
    exported.close();
  }
}
