import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeWorkFolder, releaseLeftDisks } from '../src/work-folder.ts';

test('a start removes the disk that a killed run left and keeps its logs; the disk of a run that goes on stays', () => {
  const parent = mkdtempSync(path.join(tmpdir(), 'work-folder-test-'));
  try {
    const { pid } = spawnSync('true');
    const left = path.join(parent, `cashback-chaos-${pid}-abc`);
    const running = makeWorkFolder(parent);
    for (const folder of [left, running]) {
      mkdirSync(path.join(folder, 'disk', 'data'), { recursive: true });
      mkdirSync(path.join(folder, 'logs'));
    }
    releaseLeftDisks(parent);
    const remains = [left, running].map((folder) =>
      ['disk', 'logs'].filter((name) => existsSync(path.join(folder, name))),
    );
    expect(remains).toEqual([['logs'], ['disk', 'logs']]);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
