/**
 * `random`: 32 random digits, as ride and shop systems give ids of 32 hexadecimal ones; each new order lands anywhere
 * in the indexes. `ordered`: 16 digits of time, then 16 random ones, as UUIDv7 and ULID do; new orders land at the end.
 * Digits, because that is what pgbench can make without help of the server; an index sees no difference.
 */
export const ID_FORMS = ['random', 'ordered'] as const;
export type IdForm = (typeof ID_FORMS)[number];

/** The smallest and largest number of 16 digits whose parts a double holds exactly. */
export const LOWEST_HALF = 1_000_000_000_000_000;
export const HIGHEST_HALF = 9_000_000_000_000_000;

export function createIds(form: IdForm): () => string {
  if (form === 'random') return () => `${randomHalf()}${randomHalf()}`;
  let last = 0;
  return () => {
    last = Math.max(last + 1, nowUs());
    return `${last}${randomHalf()}`;
  };
}

/** Microseconds since 1970: 16 digits from 2001 to 2286. */
export function nowUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}

function randomHalf(): number {
  return LOWEST_HALF + Math.floor(Math.random() * (HIGHEST_HALF - LOWEST_HALF));
}
