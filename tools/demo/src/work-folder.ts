import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '@cashback/embedded-postgres';

const PREFIX = 'cashback-demo-';
const NAME = /^cashback-demo-(\d+)-/;

/**
 * A folder for the run of this process, after those of ended runs are removed: a killed run could not remove its own, and
 * a failed one kept its logs until now.
 */
export function makeWorkFolder(parent: string): string {
  removeLeftFolders(parent);
  return mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`));
}

function removeLeftFolders(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(path.join(parent, name), { recursive: true, force: true });
    } catch {
      // It belongs to another account, which removes it.
    }
  }
}
