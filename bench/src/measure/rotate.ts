/** The same items, begun at another one each round, so that none always follows the same one. */
export function rotate<Item>(items: readonly Item[], round: number): Item[] {
  const from = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}
