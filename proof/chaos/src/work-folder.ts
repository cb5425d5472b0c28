import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '@cashback/embedded-postgres';

const PREFIX = 'cashback-chaos-';
const NAME = /^cashback-chaos-(\d+)-/;

/**
 * A folder for the run of this process. The account of Postgres may enter it, or the data would be kept elsewhere; the logs
 * are for the current user alone.
 */
export function makeWorkFolder(parent: string): string {
  const folder = mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o711);
  mkdirSync(logsOf(folder), { mode: 0o700 });
  return folder;
}

export function logsOf(work_folder: string): string {
  return path.join(work_folder, 'logs');
}

/** Removes all but the logs, and those as well unless they are `kept`. Returns whether there are any. */
export function clearWorkFolder(work_folder: string, { kept }: { kept: boolean }): boolean {
  const logs = logsOf(work_folder);
  if (!kept || readdirSync(logs).length === 0) {
    rmSync(work_folder, { recursive: true, force: true });
    return false;
  }
  for (const name of readdirSync(work_folder)) {
    const left = path.join(work_folder, name);
    if (left !== logs) rmSync(left, { recursive: true, force: true });
  }
  return true;
}

/** Gives back the disks of runs that were killed. Their logs stay, as those of every run that failed. */
export function releaseLeftDisks(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(NAME.exec(name)?.[1] ?? process.pid);
    const disk = path.join(parent, name, 'disk');
    if (isAlive(pid) || !existsSync(disk)) continue;
    try {
      execFileSync('umount', ['-l', disk], { stdio: 'pipe' });
    } catch {
      // It is no mount any more, or belongs to another account: then it cannot be removed either.
    }
    rmSync(disk, { recursive: true, force: true });
  }
}
