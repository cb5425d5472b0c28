import * as z from 'zod';

export const MAX_RECEIPT_BYTES = 16_384;
const MAX_RECEIPT_DEPTH = 32;

/** Anything that lets a person recompute the amounts; stored unchanged. */
export const receiptField = z
  .record(z.string(), z.unknown(), 'an object that explains the amounts')
  .superRefine((receipt, context) => {
    const expected = expectedInstead(receipt, MAX_RECEIPT_DEPTH);
    if (expected !== null) {
      context.addIssue({ code: 'custom', message: expected });
    } else if (Buffer.byteLength(JSON.stringify(receipt)) > MAX_RECEIPT_BYTES) {
      context.addIssue({
        code: 'custom',
        message: `a receipt of at most ${MAX_RECEIPT_BYTES} bytes of JSON`,
      });
    }
  });

/** Null for JSON that Postgres can store, otherwise what was expected instead. */
function expectedInstead(value: unknown, depth: number): string | null {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() && !value.includes('\0')
        ? null
        : 'a receipt whose texts have no NUL and no half of a surrogate pair';
    case 'number':
      return Number.isFinite(value) ? null : 'a receipt whose numbers are finite';
    case 'boolean':
      return null;
    case 'object': {
      if (value === null) return null;
      if (depth === 0) return `a receipt nested at most ${MAX_RECEIPT_DEPTH} deep`;
      for (const part of Array.isArray(value) ? value : Object.entries(value).flat()) {
        const expected = expectedInstead(part, depth - 1);
        if (expected !== null) return expected;
      }
      return null;
    }
    default:
      return 'a receipt of JSON values';
  }
}
