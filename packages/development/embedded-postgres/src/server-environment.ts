/** Nothing of the caller's environment: PGPORT, PGDATA and the like would change what is started. */
export const serverEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
