/** The result of checking a guarantee. `not shown`: the situation never arose, or an option is missing for it. */
export type Verdict = 'held' | 'broken' | 'not shown';

/** The guarantee does not hold; the message gives what was expected and what arrived. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** The check could not decide; the message says why. */
export class NotShown extends Error {
  override readonly name = 'NotShown';
}

/** Throws `Broken` unless both values are equal as JSON, whatever the order of their keys. */
export function assertSame(what: string, received: unknown, expected: unknown): void {
  if (canonical(received) === canonical(expected)) return;
  throw new Broken(`${what}: expected ${show(expected)}, got ${show(received)}`);
}

export function assertThat(condition: boolean, failure: string): void {
  if (!condition) throw new Broken(failure);
}

const MAX_SHOWN = 300;

export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}..`;
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, nested: unknown) =>
      typeof nested === 'object' && nested !== null && !Array.isArray(nested)
        ? Object.fromEntries(Object.entries(nested).toSorted(([left], [right]) => (left < right ? -1 : 1)))
        : nested,
    ) ?? 'undefined'
  );
}
