import type { Reader } from './reader.ts';

/** What pg makes of the types of Postgres, by the names that Postgres has for them. */
interface PostgresTypes {
  text: string;
  numeric: string;
  int8: string;
  xid8: string;
  int4: number;
  float8: number;
  bool: boolean;
  timestamptz: Date;
  _int4: number[];
  void: '';
}

/** A column whose values have the type. Types that are none of these are read from JSON. */
type TypeNameOf<Value> =
  | { [Name in keyof PostgresTypes]: Value extends PostgresTypes[Name] ? Name : never }[keyof PostgresTypes]
  | (Value extends object ? 'json' | 'jsonb' : never);

/** `text?` may be null. `text!` is never null, by a condition of the statement, although the table's column may be. */
type ColumnOf<Value> = unknown extends Value
  ? `${'json' | 'jsonb'}${'' | '?' | '!'}`
  : null extends Value
    ? `${TypeNameOf<NonNullable<Value>>}?`
    : TypeNameOf<Value> | `${TypeNameOf<Value>}!`;

export type ColumnsOf<Row> = { readonly [Name in keyof Row]-?: ColumnOf<Row[Name]> };

export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  readonly columns: Readonly<Record<string, string>>;
  /** Runs it, and returns its rows. */
  rows(reader: Reader, values: readonly unknown[]): Promise<Row[]>;
  /** Runs it, and returns how many rows it wrote. */
  run(reader: Reader, values: readonly unknown[]): Promise<number>;
}

const declared = new Map<string, Statement<unknown>>();

/**
 * Declares a named statement, which Postgres parses and plans once per connection. Every declaration is checked against
 * the migrated database by a test of its package: the text, and the columns of its result.
 *
 *     const findOrders = statement<{ order_id: string }>({
 *       name: 'example.find-orders',
 *       text: 'SELECT order_id FROM cashback.order_clears WHERE order_id = ANY($1::text[])',
 *       columns: { order_id: 'text' },
 *     });
 */
export function statement<Row extends object = object>({
  name,
  text,
  columns,
}: {
  name: string;
  text: string;
  columns: ColumnsOf<Row>;
}): Statement<Row> {
  const known = declared.get(name);
  if (known !== undefined && known.text !== text) {
    throw new Error(`two statements are named ${name}: a connection would take the one for the other`);
  }
  const query = (values: readonly unknown[]) => ({ name, text, values: [...values] });
  const made: Statement<Row> = {
    name,
    text,
    columns,
    rows: async (reader, values) => (await reader.query<Row>(query(values))).rows,
    run: async (reader, values) => (await reader.query(query(values))).rowCount ?? 0,
  };
  declared.set(name, made);
  return made;
}

/** Of the modules that are loaded. */
export function declaredStatements(): readonly Statement<unknown>[] {
  return [...declared.values()];
}
