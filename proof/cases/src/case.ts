import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

const amount = z.string().regex(/^\d+\.\d\d$/, 'an amount such as "5.00"');
const rate = z.string().regex(/^0\.\d+$/, 'a rate such as "0.05"');
const version = z.int().min(1);

/** The right values, as far as a case states them. */
const right = z.strictObject({
  /** The version of the invoice. */
  version: version.optional(),
  /** What the invoice has captured. */
  total: amount.optional(),
  /** Target and rewarded of a source. */
  user: amount.optional(),
  service: amount.optional(),
  /** The balance that the wallet app shows. */
  wallet: amount.optional(),
  /** The code with which the order needs attention; null: it needs none. */
  attention: z.string().nullable().optional(),
});
export type Right = z.infer<typeof right>;

const update = z.strictObject({
  invoice: z.literal('update'),
  /** The one that the caller saw; the newest when absent. */
  version: version.optional(),
  total: amount,
  change_id: z.string().optional(),
  right: right.optional(),
});
export type Update = z.infer<typeof update>;

const step = z.union([
  z.strictObject({ rates: z.strictObject({ user: rate }) }),
  z.strictObject({
    invoice: z.literal('create'),
    status: z.enum(['held', 'cleared']),
    total: amount,
    right: right.optional(),
  }),
  update,
  z.strictObject({ callback: z.literal('invoice.changed'), version, signed: z.literal(true) }),
  z.strictObject({ wait: z.literal('longer than the attention bound'), right: right.optional() }),
  z.strictObject({ wait_ms: z.int().min(1) }),
  /** Two updates of two callers. Of their answers one is a success. */
  z.strictObject({
    at_once: z.tuple([update, update]),
    answers_in_any_order: z.array(
      z.union([
        z.strictObject({ status: z.literal(200), version }),
        z.strictObject({ status: z.int().min(400), code: z.string() }),
      ]),
    ),
    right: right.optional(),
  }),
  z.strictObject({
    repeat: z.literal('the accepted update'),
    answers: z.literal('200, as the first time'),
    right: right.optional(),
  }),
  /** Its caller reads the invoice, and makes its change at the version that it finds. */
  z.strictObject({
    retry: z.literal('the refused update'),
    version,
    total: amount,
    right: right.optional(),
  }),
]);
export type Step = z.infer<typeof step>;

const caseFile = z.strictObject({
  name: z.string(),
  /** The settings that the case assumes: the service of its order, and the rate that its orders have. */
  services: z.strictObject({ yellow: z.strictObject({ user_rate: rate }) }).optional(),
  steps: z.array(step).min(1),
  /** At rest, after the last step. */
  right,
});
export type Case = z.infer<typeof caseFile>;

const FOLDER = path.join(import.meta.dirname, '../cases');

/** Every case of the folder, by the name of its file. */
export function readCases(): [file: string, case_: Case][] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, caseFile.parse(JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')))]);
}
