import { linkSync, mkdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { errorCode } from '@cashback/postgres';
import { startTime } from './processes.ts';

const holderFile = z.object({ pid: z.int().positive(), started: z.string().nullable() });
type Holder = z.infer<typeof holderFile>;

const takeoverTimeoutMs = 10_000;

/**
 * Makes this process the only one that runs a server on the data, and returns the function that unlocks it. The lock
 * of a process that is gone is taken over. Throws while its holder lives, and names it.
 */
export function lockData(file: string, data: string): () => void {
  if (!claim(file)) {
    takeOver(file, data);
  }
  return () => rmSync(file, { force: true });
}

/** Written beside and linked into place, so that a reader never sees a part of the file. */
function claim(file: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  const holder: Holder = { pid: process.pid, started: startTime(process.pid) };
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o644 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** One start at a time. Otherwise the second of two would take the new lock of the first for a stale one. */
function takeOver(file: string, data: string): void {
  const guard = `${file}.takeover`;
  if (!enter(guard)) throw inUse(data, 'another start is taking it over just now');
  try {
    const holder = readHolder(file);
    if (holder !== null && isHolding(holder)) throw inUse(data, `process ${holder.pid} holds it`, holder.pid);
    rmSync(file, { force: true });
    if (!claim(file)) throw inUse(data, 'another start was faster');
  } finally {
    rmdirSync(guard);
  }
}

function enter(guard: string): boolean {
  try {
    mkdirSync(guard);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  // A takeover lasts a moment: an old guard is that of a process that was killed here.
  if (Date.now() - statSync(guard).mtimeMs < takeoverTimeoutMs) return false;
  rmSync(guard, { recursive: true, force: true });
  return enter(guard);
}

function readHolder(file: string): Holder | null {
  try {
    return holderFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function isHolding({ pid, started }: Holder): boolean {
  const now = startTime(pid);
  return now !== null && (started === null || now === started);
}

function inUse(data: string, why: string, pid?: number): Error {
  const stop = pid === undefined ? 'try again in a moment' : `stop that process first (kill ${pid})`;
  return new Error(
    `the embedded Postgres on ${data} is in use: ${why}. Either ${stop}, or use another data directory, ` +
      'or set DATABASE_URL to a Postgres of yours.',
  );
}
