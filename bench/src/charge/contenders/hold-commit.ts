import { type Database, type Transaction, withTransaction } from '@cashback/postgres';

/** Does the work of a transaction now, and commits it with `commit`. */
export async function holdCommit(
  database: Database,
  work: (tx: Transaction) => Promise<void>,
): Promise<{ commit(): Promise<void> }> {
  const released = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const committed = withTransaction(
    database,
    async (tx) => {
      await work(tx);
      written.resolve();
      await released.promise;
    },
    { attempts: 1 },
  );
  await Promise.race([written.promise, committed]);
  return {
    commit() {
      released.resolve();
      return committed;
    },
  };
}
