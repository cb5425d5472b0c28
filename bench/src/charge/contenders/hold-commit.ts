import { type Database, type Transaction, withTransaction } from '@cashback/postgres';

/** Does the work of a transaction now, and commits it when it is told to. */
export async function holdCommit(
  database: Database,
  work: (tx: Transaction) => Promise<void>,
): Promise<{ commit(): Promise<void> }> {
  const told = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const committed = withTransaction(
    database,
    async (tx) => {
      await work(tx);
      written.resolve();
      await told.promise;
    },
    { attempts: 1 },
  );
  await Promise.race([written.promise, committed]);
  return {
    commit() {
      told.resolve();
      return committed;
    },
  };
}
