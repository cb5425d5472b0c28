/** The value of an `int8` column, which pg returns as a text. Throws where a number would lose digits. */
export function readInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text}: expected a bigint that a number can hold`);
  return value;
}
