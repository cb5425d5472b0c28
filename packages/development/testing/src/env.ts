/** A Postgres to test on, of a login that may create databases and roles; without one the run starts its own. */
export const ownDatabaseUrl = process.env['DATABASE_URL'] || undefined;
