import * as z from 'zod';
import { AMOUNT_PATTERN, BALANCE_PATTERN } from '../amount.ts';
import { RATE_PATTERN } from '../rate.ts';
import { SOURCES } from '../source.ts';

const AMOUNT_TEXT = 'an amount as a string such as "100.0000": up to 12 digits, up to 4 decimals, no sign';

/** Amount on the wire, e.g. `"100.0000"`. */
export const amountField = z
  .string(AMOUNT_TEXT)
  .regex(AMOUNT_PATTERN, AMOUNT_TEXT)
  .meta({ examples: ['100.0000'] });
/** Balance on the wire; the only sum that may carry a minus. */
export const balanceField = z
  .string('a balance as a string such as "-100.0000"')
  .regex(BALANCE_PATTERN, 'a balance such as "-100.0000"')
  .meta({ examples: ['-100.0000'] });
const SUM_TEXT = 'a sum such as "-100.0000"';
/** A sum over many orders: as many digits as it needs, four decimals, and a minus below zero. */
export const sumField = z
  .string(SUM_TEXT)
  .regex(/^-?(0|[1-9]\d*)\.\d{4}$/, SUM_TEXT)
  .meta({ examples: ['-100.0000'] });
export const rateField = z
  .string('a rate as a string such as "0.05"')
  .regex(RATE_PATTERN, 'a rate between "0" and "1" with up to 6 places')
  .meta({ examples: ['0.05'] });
export const currencyField = z
  .string('a currency: three capital letters, ISO 4217')
  .regex(/^[A-Z]{3}$/, 'a currency: three capital letters, ISO 4217')
  .meta({ examples: ['USD'] });
export const sourceField = z.enum(SOURCES, `one of ${SOURCES.map((source) => `"${source}"`).join(', ')}`);

const ID_TEXT = '1 to 64 characters of A-Z a-z 0-9 _ . : -';
/** Ids of orders, invoices, wallets, users, operations, baskets: compared bytewise. */
export const idField = z.string(ID_TEXT).regex(/^[A-Za-z0-9_.:-]{1,64}$/, ID_TEXT);
/** A service's name, the key of its entry in `CASHBACK_SERVICES`. */
export const serviceField = z
  .string('the name of a service')
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'the name of a service: 1 to 32 of a-z 0-9 _ -, a letter first')
  .meta({ examples: ['yellow'] });
const VERSION_TEXT = 'a version: a whole number from 1 to 2147483647';
/** The version of an invoice; it only grows. */
export const versionField = z.int(VERSION_TEXT).min(1, VERSION_TEXT).max(2_147_483_647, VERSION_TEXT);
const EPOCH_TEXT = 'an epoch: a whole number from 1 to 2147483647';
/** Counts the restores of the side that keeps the invoices. It comes before the version: (epoch, version) orders answers. */
export const epochField = z.int(EPOCH_TEXT).min(1, EPOCH_TEXT).max(2_147_483_647, EPOCH_TEXT);
const COUNTER_TEXT = 'a whole number from 0 to 2147483647';
/** A counter that starts at zero: a revision, a cashback version. */
export const counterField = z.int(COUNTER_TEXT).min(0, COUNTER_TEXT).max(2_147_483_647, COUNTER_TEXT);
/** ISO 8601 in UTC with milliseconds. */
export const timestampField = z.iso
  .datetime({ precision: 3, error: 'a time in UTC such as "2026-01-02T03:04:05.678Z"' })
  .meta({ examples: ['2026-01-02T03:04:05.678Z'] });
export const limitField = z
  .int('a page size: 1 to 1000')
  .min(1, 'a page size: 1 to 1000')
  .max(1000, 'a page size: 1 to 1000')
  .describe('Entries of a page at most');
export const cursorField = z
  .string('a cursor from an earlier answer')
  .max(64, 'a cursor from an earlier answer');

/** The same rule as JSON Schema, which cannot be derived from code. */
const uniqueSourcesSchema = {
  allOf: SOURCES.map((source) => ({
    contains: { type: 'object', properties: { source: { const: source } }, required: ['source'] },
    minContains: 0,
    maxContains: 1,
  })),
};

/** Refuses two entries of one source, naming the second one. */
export function uniqueSources<Entry extends { source: string }>(entry: z.ZodType<Entry, Entry>) {
  return z
    .array(entry)
    .max(SOURCES.length, `at most ${SOURCES.length} entries, one for each source`)
    .superRefine((entries, context) => {
      const seen = new Set<string>();
      entries.forEach(({ source }, index) => {
        if (seen.has(source)) {
          context.addIssue({ code: 'custom', path: [index, 'source'], message: 'each source at most once' });
        }
        seen.add(source);
      });
    })
    .meta(uniqueSourcesSchema);
}

/** `[{ source, amount }]`, each source at most once, as in the API of `transactions`. */
export const amountsBySource = uniqueSources(z.strictObject({ source: sourceField, amount: amountField }));
/** `[{ source, value }]`, each source at most once, as in `register` and `events`. */
export const valuesBySource = uniqueSources(z.strictObject({ source: sourceField, value: amountField }));
