import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const POLL_MS = 500;
const MAX_CHAIN = 12;
/** `npx -y pnpm dev` is npm, a shell, pnpm, a shell, and then us. */
const RUNNER = /(^|[\s/])(npm|npx|pnpm|pnpx|yarn)([\s.-]|$)/;
const SHELL = /^(\S*\/)?(ba|da|z|k)?sh -c /;

interface Parent {
  pid: number;
  command: string;
}

/**
 * Calls `onGone` once when a process that started us is gone: our parent, or a package runner above it. A runner that
 * is killed does not end the processes below it, so they have to notice.
 *
 *     npm exec pnpm dev --> sh -c --> pnpm dev --> sh -c --> us
 *
 * Returns the function that ends the watch.
 */
export function watchParents(onGone: (what: string) => void): () => void {
  const chain = runnersAbove(process.pid);
  const timer = setInterval(() => {
    let child = process.pid;
    for (const { pid, command } of chain) {
      if (parentOf(child) !== pid) {
        clearInterval(timer);
        return onGone(command);
      }
      child = pid;
    }
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Our parent, and the processes above it up to the last package runner. Shells count only below a runner. */
function runnersAbove(pid: number): Parent[] {
  const chain: Parent[] = [];
  let length = 1;
  for (let parent = parentOf(pid); parent !== null && chain.length < MAX_CHAIN; parent = parentOf(parent)) {
    const command = readCommand(parent);
    const isRunner = RUNNER.test(command);
    if (chain.length > 0 && !isRunner && !SHELL.test(command)) break;
    chain.push({ pid: parent, command });
    if (isRunner) length = chain.length;
  }
  return chain.slice(0, length);
}

/** A process whose parent died has another one at once, even while the dead one is a zombie. */
function parentOf(pid: number): number | null {
  return (pid === process.pid ? process.ppid : readParentPid(pid)) || null;
}

function readParentPid(pid: number): number | null {
  if (!existsSync('/proc/self/stat')) return Number(ps('ppid=', pid)) || null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold spaces.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function readCommand(pid: number): string {
  if (!existsSync('/proc/self/cmdline')) return ps('command=', pid);
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function ps(column: string, pid: number): string {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
