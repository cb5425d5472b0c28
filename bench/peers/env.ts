/** The settings that the measuring process passes to a peer. */
function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`expected ${name} in the environment`);
  return value;
}

export const env = {
  databaseUrl: () => required('DATABASE_URL'),
  redisUrl: () => required('REDIS_URL'),
  transactionsUrl: () => required('TRANSACTIONS_URL'),
  transactionsToken: () => required('TRANSACTIONS_TOKEN'),
  port: () => Number(required('PORT')),
};
