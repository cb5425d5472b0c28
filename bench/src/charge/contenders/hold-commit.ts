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

/** Does the work of a transaction and commits it; returns when the commit was requested. */
export async function commitTimed(
  database: Database,
  work: (tx: Transaction) => Promise<void>,
): Promise<{ committing_at: number }> {
  let committing_at = NaN;
  await withTransaction(database, async (tx) => {
    await work(tx);
    committing_at = performance.now();
  });
  return { committing_at };
}
