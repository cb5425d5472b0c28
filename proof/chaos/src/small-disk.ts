import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A file system of its own for the data of Postgres, small enough to be filled. */
export interface SmallDisk extends Disposable {
  folder: string;
  /** Takes all the free space. */
  fill(): void;
  /** Gives it back. */
  free(): void;
}

const SIZE_MB = 600;

/** The disk, or the reason why none can be mounted: that takes root on Linux. */
export function mountSmallDisk(folder: string): { disk: SmallDisk } | { skipped: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { skipped: 'a small file system can be mounted by root on Linux only' };
  }
  mkdirSync(folder, { recursive: true });
  try {
    const options = `size=${SIZE_MB}m,mode=0755`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    return {
      skipped: `a small file system could not be mounted: ${(error as Error).message.split('\n')[0]}`,
    };
  }
  const ballast = path.join(folder, 'ballast');
  return {
    disk: {
      folder,
      fill() {
        const { bavail, bsize } = statfsSync(folder);
        writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize)));
      },
      free() {
        if (existsSync(ballast)) rmSync(ballast);
      },
      [Symbol.dispose]() {
        execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
      },
    },
  };
}
