import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asError } from '@cashback/postgres';
import type { Account } from './account.ts';
import { giveTo } from './data-place.ts';
import type { DataPlace } from './data-place.ts';
import { serverEnvironment } from './server-environment.ts';

const run = promisify(execFile);
const initdbTimeoutMs = 120_000;
const passwordBytes = 24;

/** Makes the data directory unless it is there, and returns the password of its superuser `postgres`. */
export async function initialise(initdb: string, place: DataPlace, account: Account): Promise<string> {
  if (existsSync(join(place.data, 'PG_VERSION'))) return readPassword(place);
  const password = randomBytes(passwordBytes).toString('base64url');
  rmSync(place.password, { force: true });
  writeFileSync(place.password, password, { mode: 0o600 });
  giveTo(account, place.password);
  // Made under a name of its own and renamed: a start that is killed here leaves nothing that passes for data, and
  // its initdb, which may run on for a moment, does not collide with the next one.
  const draft = mkdtempSync(`${place.data}.draft-`);
  giveTo(account, draft);
  try {
    const environment = { ...account, cwd: '/', env: serverEnvironment, timeout: initdbTimeoutMs };
    await run(initdb, initdbArguments(draft, place.password), environment);
    if (existsSync(place.data)) rmdirSync(place.data);
    renameSync(draft, place.data);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`could not make a database in ${place.data}: ${asError(error).message}`, {
      cause: error,
    });
  }
  return password;
}

function initdbArguments(data: string, passwordFile: string): string[] {
  return [
    ['--pgdata', data],
    ['--username', 'postgres'],
    ['--pwfile', passwordFile],
    ['--auth', 'scram-sha-256'],
    ['--encoding', 'UTF8'],
    ['--locale', 'C'],
    ['--locale-provider', 'builtin'],
    ['--builtin-locale', 'C.UTF-8'],
  ].map(([name, value]) => `${name}=${value}`);
}

function readPassword(place: DataPlace): string {
  try {
    return readFileSync(place.password, 'utf8');
  } catch (error) {
    throw new Error(
      `${place.data} holds a database but ${place.password} is missing: put the file back, ` +
        'or delete the data directory to start with an empty database',
      { cause: error },
    );
  }
}
