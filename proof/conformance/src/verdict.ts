/** What came of looking for a guarantee. `not shown`: the occasion to see it did not come, or something is needed for it. */
export type Verdict = 'held' | 'broken' | 'not shown';

/** The guarantee does not hold; the message says what was expected and what came. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Whether the guarantee holds could not be seen; the message says why. */
export class NotShown extends Error {
  override readonly name = 'NotShown';
}

/** Throws `Broken` when two values are not the same as JSON, the order of keys aside. */
export function assertSame(what: string, received: unknown, expected: unknown): void {
  if (canonical(received) === canonical(expected)) return;
  throw new Broken(`${what}: expected ${show(expected)}, got ${show(received)}`);
}

export function assertThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new Broken(otherwise);
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
