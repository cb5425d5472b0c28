/** A Postgres of yours to measure on; without it an embedded one is started. */
export const databaseUrl: string | undefined = process.env['DATABASE_URL'] || undefined;

/** Where programs such as pgbench are looked for. */
export const searchPath: string = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';

/** A Redis of yours for the peer that needs one. */
export const redisUrl: string | undefined = process.env['REDIS_URL'] || undefined;
