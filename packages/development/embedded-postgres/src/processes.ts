import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { errorCode } from '@cashback/postgres';
import { waitUntil } from '@cashback/timing';

const pollMs = 20;

/** Whether there is such a process, and it has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  return !isZombie(pid);
}

/** Distinguishes a process from a later one with the same pid; `null` when there is none. */
export function startTime(pid: number): string | null {
  if (!existsSync('/proc/self/stat')) return ps('lstart=', pid);
  // The name of the program, in parentheses, may hold blanks: the fields are counted behind it.
  return statFields(pid)?.[19] ?? null;
}

/** Program and arguments of a process, as one text; `null` when there is none. */
export function commandLine(pid: number): string | null {
  if (!existsSync('/proc/self/cmdline')) return ps('command=', pid);
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return null;
  }
}

/** True once the process is gone, false when it is still there after `timeoutMs`. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const ended = waitUntil(`end of process ${pid}`, () => !isAlive(pid), {
    timeout_ms: timeoutMs,
    interval_ms: pollMs,
  });
  return ended.then(
    () => true,
    () => false,
  );
}

/** A dead process that its parent has not reaped. Where nothing reaps orphans it stays one. */
function isZombie(pid: number): boolean {
  return statFields(pid)?.[0] === 'Z';
}

/** The fields of a process after its program's name, which is in parentheses and may contain blanks. Null: it is gone. */
export function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function ps(column: string, pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}
