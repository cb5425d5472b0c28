/** The search path for programs such as pgbench. */
export const searchPath: string = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';

/** The Redis for the peer that needs one. */
export const redisUrl: string | undefined = process.env['REDIS_URL'] || undefined;
