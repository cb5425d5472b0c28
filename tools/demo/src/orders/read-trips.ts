import { createReadStream } from 'node:fs';
import { type Amount, parseAmount } from '@cashback/contract';
import { parse } from 'csv-parse';
import type { DemoOrder } from '@cashback/scenario';

/** A line of the input that is no order. Lines count from 1, the header included. */
export interface RejectedLine {
  line: number;
  column: string;
  reason: string;
}

/** Columns that a file of trips must have; others are ignored. */
const COLUMNS = ['fare', 'tip', 'tolls', 'total', 'color', 'payment'] as const;
type Column = (typeof COLUMNS)[number];

const PAYMENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['credit card', 'card'],
  ['cash', 'cash'],
]);

/** The file cannot be read as trips at all: the message says which file and why. */
class TripsFileError extends Error {
  override readonly name = 'TripsFileError';
}

interface ReadTrips {
  orders: DemoOrder[];
  rejected: RejectedLine[];
}

/**
 * Reads trips as orders: the colour is the service, the total is the invoice, fare, tip and tolls are its items and
 * what remains of the total its surcharges. A line that is no order is rejected with its column and reason.
 */
export async function readTrips(
  file: string,
  options: { services: ReadonlySet<string>; count: number | undefined },
): Promise<ReadTrips> {
  const orders: DemoOrder[] = [];
  const rejected: RejectedLine[] = [];
  const rows = createReadStream(file).compose(
    parse({
      columns: (header: string[]) => checkHeader(file, header),
      info: true,
      bom: true,
      relax_column_count: true,
    }),
  );
  try {
    for await (const row of rows) {
      const { record, info } = row as { record: Partial<Record<Column, string>>; info: { lines: number } };
      const order = readTrip(record, info.lines, options.services);
      if ('reason' in order) rejected.push(order);
      else orders.push(order);
      if (orders.length + rejected.length === options.count) break;
    }
  } catch (error) {
    if (error instanceof TripsFileError) throw error;
    throw new TripsFileError(
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (orders.length + rejected.length === 0)
    throw new TripsFileError(`cannot read ${file}: it has no lines after the header`);
  return { orders, rejected };
}

function checkHeader(file: string, header: string[]): string[] {
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new TripsFileError(
      `cannot read ${file}: its header lacks ${missing.join(', ')}; expected the columns ${COLUMNS.join(', ')}`,
    );
  }
  return header;
}

function readTrip(
  record: Partial<Record<Column, string>>,
  line: number,
  services: ReadonlySet<string>,
): DemoOrder | RejectedLine {
  const reject = (column: Column, reason: string): RejectedLine => ({ line, column, reason });
  const service = record.color?.trim() ?? '';
  if (!services.has(service)) {
    return reject(
      'color',
      service === ''
        ? 'missing'
        : `unknown service ${JSON.stringify(service)}; known: ${[...services].join(', ')}`,
    );
  }
  const payment = record.payment?.trim() ?? '';
  const payment_type = PAYMENT_TYPES.get(payment);
  if (payment_type === undefined) {
    return reject(
      'payment',
      payment === ''
        ? 'missing'
        : `unknown payment ${JSON.stringify(payment)}; known: ${[...PAYMENT_TYPES.keys()].join(', ')}`,
    );
  }
  const amounts: Partial<Record<Column, Amount>> = {};
  for (const column of ['fare', 'tip', 'tolls', 'total'] as const) {
    const text = record[column]?.trim() ?? '';
    if (text === '') return reject(column, 'missing');
    try {
      amounts[column] = parseAmount(text);
    } catch (error) {
      return reject(column, (error as RangeError).message);
    }
  }
  const { fare = 0n, tip = 0n, tolls = 0n, total = 0n } = amounts;
  const surcharges = total - fare - tip - tolls;
  if (surcharges < 0n)
    return reject('total', `total ${record.total} is less than fare, tip and tolls together`);
  const items = [
    { item_id: 'fare', amount: fare },
    { item_id: 'tip', amount: tip },
    { item_id: 'tolls', amount: tolls },
    { item_id: 'surcharges', amount: surcharges },
  ];
  return { number: line, service, payment_type, items: items.filter(({ amount }) => amount > 0n) };
}
