import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { clearWorkFolder, makeWorkFolder, releaseLeftDisks } from '../src/work-folder.ts';

test('a start removes the disk that a killed run left and keeps its logs; the disk of a run that goes on stays', () => {
  const parent = mkdtempSync(path.join(tmpdir(), 'work-folder-test-'));
  try {
    const { pid } = spawnSync('true');
    const left = path.join(parent, `cashback-chaos-${pid}-abc`);
    const running = makeWorkFolder(parent);
    for (const folder of [left, running]) {
      mkdirSync(path.join(folder, 'disk', 'data'), { recursive: true });
      mkdirSync(path.join(folder, 'logs'), { recursive: true });
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

test('the account of Postgres may enter the folder of a run, and its logs are for the current user alone', () => {
  const parent = mkdtempSync(path.join(tmpdir(), 'work-folder-test-'));
  try {
    const folder = makeWorkFolder(parent);
    const modes = [folder, path.join(folder, 'logs')].map((made) => statSync(made).mode & 0o777);
    expect(modes).toEqual([0o711, 0o700]);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test('after a failure the logs stay, and nothing else', () => {
  const parent = mkdtempSync(path.join(tmpdir(), 'work-folder-test-'));
  try {
    const [failed, passed, empty] = [makeWorkFolder(parent), makeWorkFolder(parent), makeWorkFolder(parent)];
    for (const folder of [failed, passed]) {
      writeFileSync(path.join(folder, 'logs', 'worker.log'), 'why');
      mkdirSync(path.join(folder, 'postgres'));
    }
    expect(clearWorkFolder(failed, { kept: true })).toBe(true);
    expect(clearWorkFolder(passed, { kept: false })).toBe(false);
    expect(clearWorkFolder(empty, { kept: true })).toBe(false);
    const remains = ['logs/worker.log', 'postgres'].map((name) => existsSync(path.join(failed, name)));
    expect(remains).toEqual([true, false]);
    expect([passed, empty].some(existsSync)).toBe(false);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
