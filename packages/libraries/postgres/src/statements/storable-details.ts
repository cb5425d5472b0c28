import { storableText } from './storable-text.ts';

const MAX_LENGTH = 4_000;

/** Values of another party, as a column of JSON can keep them: well-formed, without NUL, and not too many. */
export function storableDetails(details: Record<string, unknown>): Record<string, unknown> {
  const json = JSON.stringify(storableValue(details));
  return json.length <= MAX_LENGTH ? JSON.parse(json) : { beginning: storableString(json) };
}

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storableString(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [storableString(key), storableValue(inner)]),
  );
}

function storableString(text: string): string {
  return storableText(text).toWellFormed();
}
