// Runs a command against the Postgres that the system has installed, with the settings that its package ships, and
// removes that server afterwards: `node scripts/system-postgres.ts vitest run packages/libraries/postgres`. It states which
// version that is, and refuses another than the documents state, so that their number is the one that is tested.
import { execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@cashback/embedded-postgres/free-ports';
import { waitUntil, withTimeout } from '@cashback/timing';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const NO_SERVER = 3;
const OLDER_VERSION = 4;
/** "The oldest version that is tested is Postgres 15", or "Debian's Postgres 15". */
const STATED = /oldest version that is tested is (?:Debian's )?Postgres (\d+)/;

const [command, ...args] = process.argv.slice(2);
if (command === undefined || command === '--help') {
  console.log('usage: node scripts/system-postgres.ts <command> [argument ...]');
  console.log(
    `Sets DATABASE_URL for the command. Ends as it ends, with ${NO_SERVER} where no Postgres is installed, or with ` +
      `${OLDER_VERSION} where it is older than the oldest that the documents state.`,
  );
  process.exit(command === undefined ? 2 : 0);
}
const programs = oldestPrograms();
if (programs === undefined) {
  console.error('no Postgres is installed in /usr/lib/postgresql: apt-get install postgresql');
  process.exit(NO_SERVER);
}
const version = execFileSync(path.join(programs, 'postgres'), ['--version'], { encoding: 'utf8' }).trim();
console.log(`${version}, in ${programs}`);
for (const document of ['README.md', 'CONTRIBUTING.md']) {
  const stated = Number(STATED.exec(readFileSync(document, 'utf8'))?.[1]);
  if (stated === versionOf(programs)) continue;
  const difference = `${document} states ${stated} as the oldest Postgres that is tested, this is ${versionOf(programs)}`;
  console.error(difference);
  if (!(versionOf(programs) > stated)) process.exit(OLDER_VERSION);
}

const home = mkdtempSync(path.join(tmpdir(), 'cashback-system-postgres-'));
const account = serverAccount();
if (account !== undefined) chownSync(home, account.uid, account.gid);
const data = path.join(home, 'data');
const log = path.join(home, 'log');
const asAccount = { ...account, cwd: home, env: { LC_ALL: 'C.UTF-8' } };
const port = await freePort();
execFileSync(
  path.join(programs, 'initdb'),
  ['--pgdata', data, '--username', 'postgres', '--auth', 'trust'],
  asAccount,
);
const output = openSync(log, 'a');
const server = spawn(
  path.join(programs, 'postgres'),
  ['-D', data, '-p', String(port), '-k', home, '-c', 'listen_addresses=127.0.0.1'],
  { ...asAccount, stdio: ['ignore', output, output] },
);
closeSync(output);
const ended = once(server, 'exit');
try {
  await untilReady();
  // `env` adds to the environment that it inherits, and becomes the command.
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const child = spawn('env', [`DATABASE_URL=${url}`, command, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  server.kill('SIGINT');
  await withTimeout<unknown>(ended, STOP_TIMEOUT_MS, () => {});
  server.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
}

/** The oldest one that is installed: what works there works on the newer ones, which the embedded server stands for. */
function oldestPrograms(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin')
    .filter((folder) => existsSync(path.join(folder, 'initdb')))
    .toSorted((a, b) => versionOf(a) - versionOf(b))[0];
}

function versionOf(programFolder: string): number {
  return Number(path.basename(path.dirname(programFolder)));
}

/** Postgres refuses to run as root; Debian's package brings an account for it. */
function serverAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('no account "postgres" in /etc/passwd');
  return { uid: Number(uid), gid: Number(gid) };
}

async function untilReady(): Promise<void> {
  await waitUntil(
    'ready to accept connections',
    () => {
      const lines = readFileSync(log, 'utf8');
      if (server.exitCode !== null) throw new Error(`Postgres of ${programs} did not start:\n${lines}`);
      return lines.includes('ready to accept connections') || lines;
    },
    { timeout_ms: READY_TIMEOUT_MS, interval_ms: 50 },
  );
}
