import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

/** The room that Postgres writes in. It can be taken from a running server, and given back. */
export interface SmallDisk extends Disposable {
  /** From now on no more is stored, also of what became free since an earlier call. */
  fill(): void;
  free(): void;
}

/** A file system of its own for the data. */
export interface MountedDisk extends SmallDisk {
  folder: string;
}

const SIZE_MB = 1_024;

/** The file system, or why none can be mounted: that takes root on Linux, and not every container allows it. */
export function mountSmallDisk(folder: string): { disk: MountedDisk } | { skipped: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { skipped: 'a small file system can be mounted by root on Linux only' };
  }
  mkdirSync(folder, { recursive: true });
  const mount = (options: string): void => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  };
  try {
    mount(`size=${SIZE_MB}m,mode=0755`);
  } catch (error) {
    return {
      skipped: `a small file system could not be mounted: ${(error as Error).message.split('\n')[0]}`,
    };
  }
  let isFull = false;
  return {
    disk: {
      folder,
      fill() {
        const { blocks, bfree, bsize } = statfsSync(folder);
        if (bfree === 0) return;
        // It shrinks to what is used. Files that fill it up would take as much memory.
        mount(`remount,size=${(blocks - bfree) * bsize}`);
        isFull = true;
      },
      free() {
        if (isFull) mount(`remount,size=${SIZE_MB}m`);
        isFull = false;
      },
      [Symbol.dispose]() {
        execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
      },
    },
  };
}
