import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import type { SmallDisk } from './small-disk.ts';

interface LimitedServer {
  data_dir: string;
  log_file: string;
  /** Of the postmaster; null while there is none. */
  pid(): number | null;
}

/** The log still gets the errors that show what failed. A segment of the write-ahead log has 16 MB. */
const LEFT_BYTES = 262_144;

/**
 * For a machine on which no small file system can be mounted: the kernel lets no file of the server grow beyond a limit,
 * so its writes fail as those on a full disk do. Or why that is not possible either.
 */
export function limitFileSize(server: LimitedServer): { disk: SmallDisk } | { skipped: string } {
  const account = accountOf(server);
  const limit = (pid: number, bytes: string): void => {
    // Only the soft limit: it can be raised again without rights.
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], { stdio: 'pipe', ...account });
  };
  const limitAll = (bytes: string): void => {
    for (const pid of processesOf(server.pid())) {
      try {
        limit(pid, bytes);
      } catch {
        // It has ended. Processes that begin later inherit the limit.
      }
    }
  };
  const pid = server.pid();
  try {
    if (pid !== null) limit(pid, 'unlimited');
  } catch (error) {
    return {
      skipped: `the size of files could not be limited: ${(error as Error).message.split('\n')[0]}`,
    };
  }
  return {
    disk: {
      fill: () => limitAll(String(statSync(server.log_file).size + LEFT_BYTES)),
      free: () => limitAll('unlimited'),
      [Symbol.dispose]() {},
    },
  };
}

/** Root of a container may lack the right to limit processes of others; their own account has it. */
function accountOf({ data_dir }: LimitedServer): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(data_dir);
  return { uid, gid };
}

/** The postmaster first, so that what it starts meanwhile inherits the limit. */
function processesOf(postmaster: number | null): number[] {
  if (postmaster === null) return [];
  try {
    const tasks = readdirSync(`/proc/${postmaster}/task`);
    const children = tasks.map((task) => readFileSync(`/proc/${postmaster}/task/${task}/children`, 'utf8'));
    return [postmaster, ...children.join(' ').trim().split(/\s+/).filter(Boolean).map(Number)];
  } catch {
    return [];
  }
}
