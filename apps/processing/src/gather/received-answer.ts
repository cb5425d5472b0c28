import type { Amount, OrderOutput } from '@cashback/contract';
import type { ServiceCashbackInput } from '@cashback/wire';
import * as z from 'zod';

/** The part of a receipt that says what the URL of the service answered, and to which question. */
const receivedAnswer = z.object({
  invoice_version: z.number(),
  cleared_sum: z.string(),
  base: z.string(),
  config_hash: z.string(),
  sources: z.array(z.object({ source: z.string(), origin: z.string(), exact: z.string() })),
});

const EXACT = /^(\d+)\.(\d{4})0{6}$/;

/**
 * The answer of the service's URL that the order's newest register was calculated with; null when that had another
 * question, other settings, or no answer.
 */
export function answerInReceipt(
  receipt: OrderOutput['receipt'],
  { invoice_version, cleared_sum, base }: ServiceCashbackInput,
  config_hash: string,
): Amount | null {
  const { data } = receivedAnswer.safeParse(receipt);
  if (data === undefined) return null;
  const isSame =
    data.invoice_version === invoice_version &&
    data.cleared_sum === cleared_sum &&
    data.base === base &&
    data.config_hash === config_hash;
  const service = data.sources.find(({ source }) => source === 'service');
  const [, whole, fraction] = EXACT.exec(service?.exact ?? '') ?? [];
  if (!isSame || service?.origin !== 'url' || whole === undefined || fraction === undefined) return null;
  return BigInt(`${whole}${fraction}`);
}
