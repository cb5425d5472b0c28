import { parseAmount } from '@cashback/contract';
import { PaymentError } from '@cashback/wire';

type Fields = Record<string, string>;

/**
 * A repeat must carry the body that was first sent under its id; amounts are compared by value. Throws
 * `BASKET_BODY_MISMATCH` with `{ differences: { field: { expected, received } } }`.
 */
export function assertSameBody<Body extends Fields>(
  what: string,
  first: NoInfer<Body>,
  repeated: Body,
): void {
  const fields = Object.keys(repeated).filter((field) => !sameValue(field, first[field], repeated[field]));
  if (fields.length === 0) return;
  const differences = Object.fromEntries(
    fields.map((field) => [field, { expected: first[field], received: repeated[field] }]),
  );
  const list = fields.map((field) => `${field} was ${first[field]}, now ${repeated[field]}`).join('; ');
  throw new PaymentError('BASKET_BODY_MISMATCH', `${what} was requested with another body: ${list}`, {
    differences,
  });
}

function sameValue(field: string, first = '', repeated = ''): boolean {
  return field === 'amount' ? parseAmount(first) === parseAmount(repeated) : first === repeated;
}
