import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const PREFIX = 'cashback-chaos-';
const NAME = /^cashback-chaos-(\d+)-/;

/** A folder for the run of this process. */
export function makeWorkFolder(parent: string): string {
  return mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`));
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
