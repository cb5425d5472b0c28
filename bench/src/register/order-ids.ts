/**
 * `random`: 32 random digits, like hexadecimal ids of ride and shop systems; a new order lands anywhere in the indexes.
 * `ordered`: 16 digits of time, then 16 random ones, like UUIDv7 and ULID; a new order lands at the end.
 * Digits, because pgbench can generate them without the server; for an index they make no difference.
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
