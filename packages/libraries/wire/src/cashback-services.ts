import * as z from 'zod';
import { parseAmount } from '@cashback/contract/amount';
import { amountField, idField, rateField, serviceField } from '@cashback/contract';

const ROUNDINGS = ['down', 'half_up', 'half_even'] as const;
const MAX_NAMES = 100;
const MAX_SERVICES = 1_000;
const URL_TEXT = 'an http:// or https:// URL without user and password';
const TIMEOUT_TEXT = 'a timeout from 50 to 30000 milliseconds';

const names = z.array(idField, 'a list of names').max(MAX_NAMES, `at most ${MAX_NAMES} names`);

/** How one service gives cashback. */
const cashbackService = z.strictObject({
  /** Payment types that earn; all others earn nothing. */
  earning_payment_types: names,
  /** Items that earn nothing, whichever payment they are in. */
  excluded_items: names,
  rounding: z.enum(ROUNDINGS, `one of ${ROUNDINGS.map((rounding) => `"${rounding}"`).join(', ')}`),
  /** Every amount is a multiple of it. */
  rounding_step: amountField.refine((step) => parseAmount(step) > 0n, {
    error: 'a step above zero, such as "0.01"',
    // Only a well-formed amount can be compared.
    when: ({ issues }) => issues.length === 0,
  }),
  /** All sources together never give more than this share of the earning base. */
  max_share: rateField,
  /** Answers how much the service gives; without a URL the order's rates decide. */
  url: z.string(URL_TEXT).refine(isPlainUrl, URL_TEXT).optional(),
  url_timeout_ms: z.int(TIMEOUT_TEXT).min(50, TIMEOUT_TEXT).max(30_000, TIMEOUT_TEXT).default(2_000),
});

/** The file `CASHBACK_SERVICES`: each service's name and how it gives cashback. */
export const cashbackServices = z
  .record(serviceField, cashbackService, 'an object that maps names of services to their configs')
  .refine((services) => Object.keys(services).length <= MAX_SERVICES, `at most ${MAX_SERVICES} services`);
export type CashbackServicesConfig = z.infer<typeof cashbackServices>;

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
