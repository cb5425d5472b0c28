import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@cashback/embedded-postgres/free-ports';

export interface PgBouncer {
  url: string;
  stop(): void;
}

/** Debian's package has it; where it is missing, what uses it is skipped. */
export const hasPgBouncer = programExists('pgbouncer');

function programExists(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** With its defaults but for `settings`; so in session mode. */
export async function startPgBouncer(
  databaseUrl: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PgBouncer> {
  const target = new URL(databaseUrl);
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'cashback-pgbouncer-'));
  const config = path.join(folder, 'pgbouncer.ini');
  const password = target.password === '' ? '' : `password=${decodeURIComponent(target.password)}`;
  writeFileSync(
    config,
    `[databases]
* = host=${target.hostname} port=${target.port} user=${target.username} ${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
${Object.entries(settings)
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
`,
  );
  const asAccount = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const child = spawn('pgbouncer', [...asAccount, config], { stdio: 'ignore' });
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
