import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeWorkFolder } from '../src/work-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('a run removes the folder of a run that ended, with its logs', () => {
  const { pid: ended } = spawnSync(process.execPath, ['--version']);
  const left = path.join(parent, `cashback-demo-${ended}-abcdef`);
  mkdirSync(path.join(left, 'logs'), { recursive: true });
  writeFileSync(path.join(left, 'logs', 'worker.log'), 'a line');

  const own = makeWorkFolder(parent);

  expect(readdirSync(parent)).toEqual([path.basename(own)]);
});

test('a run keeps the folders of runs that go on, and those of others', () => {
  const running = makeWorkFolder(parent);
  const other = path.join(parent, 'cashback-demonstration-1-abcdef');
  mkdirSync(other);

  const own = makeWorkFolder(parent);

  expect([running, other, own].map((folder) => existsSync(folder))).toEqual([true, true, true]);
});
