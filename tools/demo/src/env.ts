/** A Postgres of yours to use; without it an embedded one is started. */
export const databaseUrl: string | undefined = process.env['DATABASE_URL'] || undefined;
