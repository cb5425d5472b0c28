/** A login that may read the tables of `transactions`. */
export const databaseUrl: string | undefined = process.env['DATABASE_URL'] || undefined;
