import { createHash } from 'node:crypto';
import { chownSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { mayEnter } from './account.ts';
import type { Account } from './account.ts';
import { sharedPlace } from './shared-place.ts';

/** The data directory and the files beside it. */
export type DataPlace = { data: string; password: string; lock: string; log: string };

/**
 * `data_dir` itself, unless Postgres runs as an account that may not enter its parents: then a place under the
 * temporary directory that is the same for the same `data_dir` and differs for any other.
 */
export function dataPlace(dataDir: string, account: Account): DataPlace {
  const requested = resolve(dataDir);
  mkdirSync(dirname(requested), { recursive: true });
  const data = mayEnter(account, dirname(requested)) ? requested : elsewhere(requested, account);
  return {
    data,
    password: `${data}.password`,
    lock: `${data}.lock`,
    log: `${data}.log`,
  };
}

export function giveTo(account: Account, path: string): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}

function elsewhere(requested: string, account: Account): string {
  const key = createHash('sha256').update(requested).digest('hex').slice(0, 16);
  return join(sharedPlace(account), `data-${key}`);
}
