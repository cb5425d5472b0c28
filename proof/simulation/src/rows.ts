import { isDeepStrictEqual } from 'node:util';

/** What the simulated apps do to a table, as an INSERT, an UPDATE and a SELECT by key would. */

export function insertRow<Row>(table: Map<string, Row>, id: string, row: Row): void {
  if (table.has(id)) throw new Error(`${id} is there already`);
  table.set(id, row);
}

/** Compare-and-set: throws when the row is missing, or is not as `expected`. */
export function updateRow<Row extends object>(
  table: Map<string, Row>,
  id: string,
  changes: Partial<Row>,
  expected: Partial<Row> = {},
): Row {
  const row = rowOf(table, id);
  for (const [column, value] of Object.entries(expected)) {
    const stored = row[column as keyof Row];
    if (!isDeepStrictEqual(stored, value)) {
      throw new Error(`${id}: expected ${column} ${String(value)}, got ${String(stored)}`);
    }
  }
  const updated = { ...row, ...changes };
  table.set(id, updated);
  return updated;
}

export function rowOf<Row>(table: ReadonlyMap<string, Row>, id: string): Row {
  const row = table.get(id);
  if (row === undefined) throw new Error(`${id} is not there`);
  return row;
}
