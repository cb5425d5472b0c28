import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Transaction, declaredStatements, openDatabase } from '@cashback/postgres';
import { createTestDatabase } from './test-database.ts';

interface Field {
  name: string;
  dataTypeID: number;
  tableID: number;
  columnID: number;
}

interface Connection {
  parse(query: { name: string; text: string }): void;
  bind(query: { values: unknown[] }): void;
  describe(message: { type: 'P'; name: string }): void;
  sync(): void;
}

type Client = Transaction['client'];
type Named = { name: string; text: string; columns: Readonly<Record<string, string>> };

interface Options {
  /** Statements whose names the code makes. */
  made?: readonly Named[];
  /** Run first in the session, as for a temporary table of the package. */
  before?: readonly string[];
}

/**
 * What is wrong with the named statements of a package: those that Postgres refuses to prepare against the migrated
 * database, columns that are not declared as Postgres describes them, and SQL that is written by hand and not declared.
 * All files of the folder are loaded, so that none can be forgotten. Statements of other packages that the process has
 * loaded are left out by their names.
 */
export async function checkStatements(
  folder: URL,
  { made = [], before = [] }: Options = {},
): Promise<{ checked: string[]; problems: string[] }> {
  const problems: string[] = [];
  const quoted = new Set<string>();
  for (const file of globSync('**/*.ts', { cwd: fileURLToPath(folder) })) {
    const full = path.join(fileURLToPath(folder), file);
    const source = readFileSync(full, 'utf8');
    if (/\bquery(<[^()]*>)?\(\s*\{/.test(source)) {
      problems.push(`${file}: a query with a name of its own; declare it by statement()`);
    }
    if (/\.execute\(\s*sql\b/.test(source)) {
      problems.push(`${file}: SQL by hand without a name; declare it by statement()`);
    }
    // The places and epochs of feeds are two statements each, with the names that their owner gives.
    if (/\b(statement(<[^()]*>)?|feedPlaces|feedEpochs)\(\{/.test(source)) {
      await import(pathToFileURL(full).href);
      const names = source.matchAll(/\b(?:name|read|move|horizon|start): '([^']+)'/g);
      for (const [, name = ''] of names) quoted.add(name);
    }
  }
  const statements = [...declaredStatements().filter(({ name }) => quoted.has(name)), ...made];
  const database = await createTestDatabase();
  const opened = openDatabase({
    url: database.url,
    application_name: 'check-statements',
    max_connections: 1,
  });
  const client = await opened.pool.connect();
  try {
    for (const text of before) await client.query(text);
    for (const statement of statements) problems.push(...(await check(client, statement)));
  } finally {
    client.release(true);
    await opened.close();
    await database.drop();
  }
  return { checked: statements.map(({ name }) => name).sort(), problems };
}

async function check(client: Client, { name, text, columns }: Named): Promise<string[]> {
  let fields: Field[];
  try {
    fields = await describe(client, text);
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
  const described = new Map<string, { type: string; nullable: boolean | null }>();
  for (const field of fields) described.set(field.name, await typeOf(client, field));
  const problems = Object.keys(columns)
    .filter((column) => !described.has(column))
    .map((column) => `${name}: ${column} is declared, and the statement does not return it`);
  for (const [column, { type, nullable }] of described) {
    const stated = columns[column];
    if (stated === undefined) problems.push(`${name}: ${column} (${type}) is returned and not declared`);
    else if (stated.replace(/[?!]$/, '') !== type) {
      problems.push(`${name}: ${column} is declared as ${stated} and is ${type}`);
    } else if (nullable === true && !/[?!]$/.test(stated)) {
      problems.push(`${name}: ${column} may be null in its table; declare it as ${type}? or ${type}!`);
    } else if (nullable === false && stated.endsWith('!')) {
      problems.push(`${name}: ${column} is never null in its table; declare it as ${type}`);
    }
  }
  return problems;
}

/** Prepares the text and binds nulls, so that Postgres describes its columns. Nothing is executed. */
async function describe(client: Client, text: string): Promise<Field[]> {
  await client.query(`PREPARE described AS ${text}`);
  const { rows } = await client.query<{ parameters: number }>(
    "SELECT cardinality(parameter_types) AS parameters FROM pg_prepared_statements WHERE name = 'described'",
  );
  await client.query('DEALLOCATE described');
  const values = Array.from({ length: rows[0]?.parameters ?? 0 }, () => null);
  return new Promise((resolve, reject) => {
    let fields: Field[] = [];
    client.query({
      submit(connection: unknown) {
        const { parse, bind, describe, sync } = connection as Connection;
        parse.call(connection, { name: '', text });
        bind.call(connection, { values });
        describe.call(connection, { type: 'P', name: '' });
        sync.call(connection);
      },
      handleRowDescription: (message: { fields: Field[] }) => {
        ({ fields } = message);
      },
      handleError: reject,
      handleReadyForQuery: () => resolve(fields),
    } as never);
  });
}

/** `nullable` is null for an expression, of which Postgres does not say. */
async function typeOf(
  client: Client,
  { dataTypeID, tableID, columnID }: Field,
): Promise<{ type: string; nullable: boolean | null }> {
  const { rows } = await client.query<{ type: string; nullable: boolean | null }>(
    `SELECT typname AS type,
       (SELECT NOT attnotnull FROM pg_attribute WHERE attrelid = $2 AND attnum = $3) AS nullable
     FROM pg_type WHERE oid = $1`,
    [dataTypeID, tableID, columnID],
  );
  return rows[0] ?? { type: String(dataTypeID), nullable: null };
}
