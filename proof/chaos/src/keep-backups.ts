import { setTimeout as sleep } from 'node:timers/promises';
import { type BaseBackup, takeBaseBackup } from './base-backup.ts';
import type { KillablePostgres } from './killable-postgres.ts';

/** The newest base backup, which is as old as the time since the last restore. */
export interface Backups extends AsyncDisposable {
  /** Begins to take the first one, once there are orders. */
  begin(): void;
  newest(): Promise<BaseBackup>;
  /** After a restore: a later one begins with what has happened since. */
  renew(): void;
}

const FIRST_AFTER_MS = 8_000;
const ATTEMPTS = 20;
const RETRY_MS = 1_000;

export function keepBackups(postgres: KillablePostgres): Backups {
  const stopping = new AbortController();
  let newest: Promise<BaseBackup> | null = null;
  let count = 0;

  async function take(after_ms: number): Promise<BaseBackup> {
    await sleep(after_ms, undefined, { signal: stopping.signal });
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await takeBaseBackup(postgres.url(), `backup-${count++}`);
      } catch (error) {
        // Another fault ends a backup: Postgres is killed, or its disk is full.
        if (attempt >= ATTEMPTS || stopping.signal.aborted) throw error;
        await sleep(RETRY_MS, undefined, { signal: stopping.signal });
      }
    }
  }

  function begin(after_ms: number): void {
    const previous = newest;
    newest = take(after_ms);
    newest.catch(() => {});
    previous?.then((backup) => backup.remove()).catch(() => {});
  }

  return {
    begin: () => begin(FIRST_AFTER_MS),
    renew: () => begin(0),
    newest: () => newest ?? Promise.reject(new Error('no backup was begun')),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await newest?.then((backup) => backup.remove()).catch(() => {});
    },
  };
}
