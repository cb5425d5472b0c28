/** The login that the command's help asks for. */
export const databaseUrl: string | undefined = process.env['DATABASE_URL'] || undefined;
