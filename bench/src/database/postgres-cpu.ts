import { readFileSync, readdirSync } from 'node:fs';
import type pg from 'pg';
import { parentOf, readCpu } from '../measure/process-cpu.ts';

/** Reads the CPU time of a whole Postgres server, in microseconds since it started. */
export type PostgresCpu = () => number;

/**
 * The postmaster with all its children, including ended ones. `null` when the server's processes are not visible:
 * another machine, another container, or no Linux.
 */
export async function findPostgresCpu(client: pg.Client): Promise<PostgresCpu | null> {
  const { rows } = await client.query<{ pid: number; port: number | null }>(
    'SELECT pg_backend_pid() AS pid, inet_client_port() AS port',
  );
  const [backend] = rows;
  if (backend === undefined || !isOurBackend(backend)) return null;
  const postmaster = parentOf(backend.pid);
  return postmaster === null ? null : () => serverCpu(postmaster);
}

/** A pid of another machine may exist here as well, so the backend's title must name the port of its client. */
function isOurBackend({ pid, port }: { pid: number; port: number | null }): boolean {
  try {
    const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return title.startsWith('postgres:') && title.includes(port === null ? '[local]' : `(${port})`);
  } catch {
    return false;
  }
}

function serverCpu(postmaster: number): number {
  const server = readCpu(postmaster);
  if (server === null) throw new Error(`Postgres (process ${postmaster}) ended during the measurement`);
  const children = childrenOf(postmaster).map((pid) => readCpu(pid)?.own_us ?? 0);
  return children.reduce((sum, own) => sum + own, server.own_us + server.ended_children_us);
}

function childrenOf(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) => {
    const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  });
}
