const MAX_LENGTH = 500;

/** A reason may quote what an upstream sent; a row keeps the beginning. */
export function shortenReason(reason: string): string {
  return reason.length <= MAX_LENGTH ? reason : `${reason.slice(0, MAX_LENGTH - 3)}...`;
}
