import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { searchPath } from '../../env.ts';
import { type PgbenchCall, parsePgbenchLog } from './pgbench-log.ts';
import type { PlainScript } from './plain-script.ts';

const run = promisify(execFile);

export class PgbenchMissingError extends Error {
  constructor() {
    super(
      'pgbench is not installed. It comes with PostgreSQL: `apt-get install postgresql-contrib` (Debian, Ubuntu), ' +
        '`dnf install postgresql-contrib` (Fedora, RHEL), `brew install postgresql` (macOS). ' +
        'Without it, measure the server alone: --only register_many,batched,unbatched,lone',
    );
    this.name = 'PgbenchMissingError';
  }
}

/** Returns its version line; throws `PgbenchMissingError`. */
export async function pgbenchVersion(): Promise<string> {
  try {
    const { stdout } = await run('pgbench', ['--version']);
    return stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PgbenchMissingError();
  }
}

export interface PgbenchOptions {
  url: string;
  /** The role that the connections assume, as the server's do. */
  role: string;
  script: PlainScript;
  clients: number;
  threads: number;
  /** The duration in whole seconds, or the transactions of each client. */
  until: { seconds: number } | { transactions: number };
  signal?: AbortSignal;
}

export interface PgbenchRun {
  pid: number;
  /** Resolves with every committed transaction. Rejects when one failed. */
  ended: Promise<PgbenchCall[]>;
}

export function startPgbench(options: PgbenchOptions): PgbenchRun {
  const { url, role, script, until, signal } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'cashback-bench-'));
  const scriptFile = path.join(folder, 'plain.sql');
  writeFileSync(scriptFile, script.text);
  const child = spawn(
    'pgbench',
    [
      ['--no-vacuum', '--protocol=prepared', '--random-seed=rand', `--file=${scriptFile}`],
      [`--client=${options.clients}`, `--jobs=${options.threads}`],
      Object.entries(script.variables).map(([name, value]) => `--define=${name}=${value}`),
      'seconds' in until ? [`--time=${until.seconds}`] : [`--transactions=${until.transactions}`],
      ['--log', `--log-prefix=${path.join(folder, 'log')}`],
    ].flat(),
    {
      env: { PATH: searchPath, ...connection(url), PGOPTIONS: `-c role=${role}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    },
  );
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const ended = (async () => {
    try {
      const [code, , output] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
      if (code !== 0) throw new Error(`pgbench ended with ${code}:\n${output.trim()}`);
      const logs = readdirSync(folder).filter((name) => name.startsWith('log'));
      return logs.flatMap((name) => parsePgbenchLog(readFileSync(path.join(folder, name), 'utf8')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  })();
  return { pid: child.pid ?? 0, ended };
}

/** As environment variables: other users can read the command line, and so a password in it. */
function connection(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    PGHOST: hostname.replaceAll(/^\[|\]$/g, ''),
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
  };
}
