import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commandLine, isAlive, waitForEnd } from './processes.ts';

const fastShutdownMs = 20_000;
const immediateShutdownMs = 10_000;

/** The server on this data, as `postmaster.pid` states it; `null` when there is none. */
export function readServer(data: string): { pid: number; status: string } | null {
  let lines: string[];
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Math.abs(Number(lines[0]));
  return Number.isInteger(pid) && pid > 0 ? { pid, status: lines[7]?.trim() ?? '' } : null;
}

/**
 * Stops a server that outlived the process that started it, and returns whether there was one. The pid alone proves
 * nothing, as another process may have it by now: only a postgres on this very data is stopped.
 */
export async function stopLeftoverServer(data: string): Promise<boolean> {
  const server = readServer(data);
  if (server === null) return false;
  if (!isServerOn(data, server.pid)) {
    // Postgres would take any live process with this pid for a server and refuse to start.
    rmSync(join(data, 'postmaster.pid'), { force: true });
    return false;
  }
  await stopServer(server.pid);
  return true;
}

/** A fast shutdown, and an immediate one when that takes too long: committed transactions survive both. */
async function stopServer(pid: number): Promise<void> {
  const steps = [
    { signal: 'SIGINT', timeoutMs: fastShutdownMs },
    { signal: 'SIGQUIT', timeoutMs: immediateShutdownMs },
  ] as const;
  for (const { signal, timeoutMs } of steps) {
    if (isAlive(pid)) process.kill(pid, signal);
    if (await waitForEnd(pid, timeoutMs)) return;
  }
  throw new Error(`the embedded Postgres with pid ${pid} does not stop: end it with \`kill -9 ${pid}\``);
}

function isServerOn(data: string, pid: number): boolean {
  if (!isAlive(pid)) return false;
  const command = commandLine(pid) ?? '';
  return basename(command.split(' ')[0] ?? '') === 'postgres' && command.includes(` -D ${data} `);
}
