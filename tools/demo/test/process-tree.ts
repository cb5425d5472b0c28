import { execFileSync } from 'node:child_process';

export interface Process {
  pid: number;
  parent: number;
  /** Distinguishes a process from a later one with the same pid. */
  started: string;
  isZombie: boolean;
  command: string;
}

const LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/;

/** A process and all its descendants, parents first. */
export function treeOf(top: number): Process[] {
  const all = listProcesses();
  const tree = all.filter(({ pid }) => pid === top);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** Those of the processes that still run. */
export function stillRunning(processes: readonly Process[]): Process[] {
  const now = new Map(listProcesses().map((one) => [one.pid, one]));
  return processes.filter(({ pid, started }) => {
    const found = now.get(pid);
    return found !== undefined && !found.isZombie && found.started === started;
  });
}

function listProcesses(): Process[] {
  const columns = ['pid=', 'ppid=', 'stat=', 'lstart=', 'command='].flatMap((column) => ['-o', column]);
  const text = execFileSync('ps', ['-A', '-ww', ...columns], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    maxBuffer: 64_000_000,
  });
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, stat = '', started = '', command = ''] = LINE.exec(line) ?? [];
    if (pid === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), started, isZombie: stat.startsWith('Z'), command }];
  });
}
