import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayEnter } from './account.ts';
import type { Account } from './account.ts';

/**
 * A directory of the current user's that the account may enter, for what cannot stay where it is. Others can
 * write to a temporary directory too, so what is found there must be ours alone.
 */
export function sharedPlace(account: Account): string {
  const parent = [tmpdir(), '/tmp', '/var/tmp'].find((directory) => mayEnter(account, directory));
  if (parent === undefined) {
    throw new Error(
      'no temporary directory that the account of Postgres may enter: make /tmp one, or set DATABASE_URL to a Postgres of yours',
    );
  }
  const uid = process.getuid?.() ?? 0;
  const place = join(parent, `cashback-postgres-${uid}`);
  mkdirSync(place, { mode: 0o755, recursive: true });
  const found = lstatSync(place);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0) {
    throw new Error(
      `${place} is not a directory that only uid ${uid} can write to: remove it, then start again`,
    );
  }
  return place;
}
