import { readFileSync } from 'node:fs';

const kibiInMebi = 1024;

/** The resident memory of a process on this machine. */
export function residentMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / kibiInMebi;
}
