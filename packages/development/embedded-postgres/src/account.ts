import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The account that Postgres runs as; `undefined` where it runs as the current user. */
export type Account = { uid: number; gid: number } | undefined;

const candidates = ['postgres', 'nobody'];

/** Postgres refuses to run as root, so under root it runs as an account that the system already has. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of candidates) {
    const [, , uid, gid] = accounts.find(([account]) => account === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    `Postgres refuses to run as root, and this system has none of the accounts ${candidates.join(', ')}: ` +
      'start as an ordinary user, or set DATABASE_URL to a Postgres of yours',
  );
}

/** Whether the account may enter every directory from the root down to `path`, which must exist. */
export function mayEnter(account: Account, path: string): boolean {
  if (account === undefined) return true;
  for (let directory = resolve(path); ; directory = dirname(directory)) {
    const { mode, uid, gid } = statSync(directory);
    const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return false;
    if (directory === dirname(directory)) return true;
  }
}
