import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { formatAmount, parseAmount } from '@cashback/contract';
import { parse } from 'csv-parse';
import * as z from 'zod';

/** A movement of money as Trust's export states it. Fields that the export leaves out are null, and are not compared. */
export interface ExportRow {
  /** Lines of the file count from 1, the header included. */
  line: number;
  kind: 'basket' | 'refund';
  id: string;
  /** What was moved: of a refund that took less than it was asked for, what it took. */
  amount: string;
  status: 'pending' | 'success' | 'failed';
  basket_id: string | null;
  wallet_id: string | null;
  source: string | null;
}

/** The export cannot be compared: the message says which line and field, what was expected, and what was found. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

const id = z.string().min(1).max(128);
/** An empty field of a CSV states nothing. */
const optional = z.preprocess((value) => (value === '' || value === undefined ? null : value), id.nullable());

const amount = z.string().transform((text, context) => {
  try {
    return formatAmount(parseAmount(text));
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as RangeError).message });
    return z.NEVER;
  }
});

const exportFields = z.object({
  kind: z.enum(['basket', 'refund']),
  id,
  amount,
  taken: z.preprocess((value) => (value === '' || value === undefined ? null : value), amount.nullable()),
  status: z.preprocess(
    (value) => (value === '' || value === undefined ? 'success' : value),
    z.enum(['pending', 'success', 'failed']),
  ),
  basket_id: optional,
  wallet_id: optional,
  source: optional,
});

const REQUIRED_COLUMNS = ['kind', 'id', 'amount'] as const;

export interface ExportFile {
  /** Rows in pages of the size, read as they are taken. Throws an `ExportError` at the first row that cannot be read. */
  pages(size: number): AsyncGenerator<ExportRow[], void>;
  bytesRead(): number;
  close(): void;
}

/** The format follows the name: `.ndjson` and `.jsonl` have an object per line, everything else is CSV with a header. */
export function openExport(file: string): ExportFile {
  const bytes = createReadStream(file);
  const records = /\.(ndjson|jsonl)$/i.test(file) ? jsonRecords(bytes) : csvRecords(bytes);
  return {
    bytesRead: () => bytes.bytesRead,
    close: () => bytes.destroy(),
    async *pages(size) {
      let page: ExportRow[] = [];
      for await (const { line, record } of records) {
        page.push(readRow(line, record));
        if (page.length < size) continue;
        yield page;
        page = [];
      }
      if (page.length > 0) yield page;
    },
  };
}

interface NumberedRecord {
  line: number;
  record: unknown;
}

async function* csvRecords(bytes: Readable): AsyncGenerator<NumberedRecord, void> {
  const rows = bytes.compose(parse({ columns: checkHeader, info: true, bom: true, trim: true }));
  try {
    for await (const row of rows) {
      const { record, info } = row as { record: unknown; info: { lines: number } };
      yield { line: info.lines, record };
    }
  } catch (error) {
    if (error instanceof ExportError) throw error;
    throw new ExportError(
      `the CSV cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function checkHeader(header: string[]): string[] {
  const missing = REQUIRED_COLUMNS.filter((column) => !header.includes(column));
  if (missing.length === 0) return header;
  throw new ExportError(
    `line 1: expected the columns ${REQUIRED_COLUMNS.join(', ')}, and of taken, status, basket_id, wallet_id, source what there is; ` +
      `${missing.join(', ')} missing in ${JSON.stringify(header.join(','))}`,
  );
}

async function* jsonRecords(bytes: Readable): AsyncGenerator<NumberedRecord, void> {
  let line = 0;
  for await (const text of createInterface({ input: bytes, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    try {
      yield { line, record: JSON.parse(text) };
    } catch (error) {
      throw new ExportError(`line ${line}: expected a JSON object, ${(error as Error).message}`);
    }
  }
}

function readRow(line: number, record: unknown): ExportRow {
  const parsed = exportFields.safeParse(record);
  if (parsed.success) {
    const { taken, amount: asked, ...row } = parsed.data;
    return { line, ...row, amount: taken ?? asked };
  }
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  const got = (record as Record<string, unknown> | null)?.[field];
  throw new ExportError(`line ${line}: ${field || 'record'}: ${issue?.message}, got ${JSON.stringify(got)}`);
}
