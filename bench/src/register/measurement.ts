import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresProbe } from '../database/postgres-probe.ts';
import { readMachineCpu } from '../measure/machine-cpu.ts';
import { readCpu } from '../measure/process-cpu.ts';
import { epochMs } from './load/call-log.ts';
import type { Window, WindowFigures } from './load/messages.ts';
import type { IdForm } from './order-ids.ts';

/** One way, measured once. */
export interface Measurement {
  orders_per_second: number;
  p50_ms: number;
  p99_ms: number;
  /** CPU microseconds per order; `null` where a process is not visible from here. */
  cpu_us: { client: number; server: number | null; postgres: number | null };
  /** Bytes of write-ahead log per order. */
  wal_bytes: number;
  /** Cores that were busy with anything else; above about 0.1 the figures are less reliable. */
  other_cores: number | null;
}

/** The processes to read CPU time of. The plain way has no server. */
export interface Watched {
  client: number;
  server: number | null;
  postgres: PostgresProbe;
}

export interface WindowTimes extends Window {
  wal_bytes: number;
  /** CPU time in the window, in microseconds. */
  cpu: CpuUse;
}

interface CpuUse {
  client: number;
  server: number | null;
  postgres: number | null;
  machine: number | null;
}

export interface WindowLengths {
  /** From the start of the calls, to compile code, prepare statements and open connections. */
  warm_up_seconds: number;
  seconds: number;
}

/** The parameters of every way that is measured. */
export interface MeasureOptions {
  form: IdForm;
  lengths: WindowLengths;
  postgres: PostgresProbe;
  signal: AbortSignal;
}

/** Waits for the window's begin and end, and returns the usage in between. */
export async function watchWindow(
  watched: Watched,
  lengths: WindowLengths,
  signal: AbortSignal,
): Promise<WindowTimes> {
  await delay(lengths.warm_up_seconds * 1000, undefined, { signal });
  const before = { wal: await watched.postgres.wal(), cpu: usedBy(watched), at: epochMs() };
  await delay(lengths.seconds * 1000, undefined, { signal });
  const after = { cpu: usedBy(watched), at: epochMs(), wal: await watched.postgres.wal() };
  const used = (name: keyof typeof after.cpu): number | null => {
    const [from, to] = [before.cpu[name], after.cpu[name]];
    return from === null || to === null ? null : to - from;
  };
  return {
    from: before.at,
    to: after.at,
    wal_bytes: after.wal - before.wal,
    cpu: {
      client: used('client') ?? NaN,
      server: used('server'),
      postgres: used('postgres'),
      machine: used('machine'),
    },
  };
}

export function toMeasurement(
  { from, to, cpu, wal_bytes }: WindowTimes,
  figures: WindowFigures,
): Measurement {
  const { orders, p50_ms, p99_ms } = figures;
  const perOrder = (us: number | null): number | null => (us === null ? null : us / orders);
  return {
    orders_per_second: (orders * 1000) / (to - from),
    p50_ms,
    p99_ms,
    cpu_us: {
      client: cpu.client / orders,
      server: perOrder(cpu.server),
      postgres: perOrder(cpu.postgres),
    },
    wal_bytes: wal_bytes / orders,
    other_cores: otherCores(cpu, (to - from) * 1000),
  };
}

function otherCores({ client, server, postgres, machine }: CpuUse, us: number): number | null {
  if (machine === null || postgres === null) return null;
  return Math.max(0, machine - client - (server ?? 0) - postgres) / us;
}

function usedBy({ client, server, postgres }: Watched): { [name in keyof CpuUse]: number | null } {
  return {
    client: ownCpu(client),
    server: server === null ? null : ownCpu(server),
    postgres: postgres.cpu(),
    machine: readMachineCpu(),
  };
}

function ownCpu(pid: number): number | null {
  return readCpu(pid)?.own_us ?? null;
}
