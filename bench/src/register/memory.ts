import { setTimeout as delay } from 'node:timers/promises';
import { logFolder } from '../database/open-postgres.ts';
import { withClient } from '../database/with-client.ts';
import { residentMib } from '../measure/resident-mib.ts';
import { slopeOf } from '../measure/slope.ts';
import { median } from '../measure/statistics.ts';
import { checkRows, nextTransactionId } from './check-rows.ts';
import type { OrdersDatabase } from './fill/orders-database.ts';
import { epochMs } from './load/call-log.ts';
import { startLoadProcess } from './load/load-process.ts';
import type { IdForm } from './order-ids.ts';
import { startServer } from './served/server.ts';

/** Resident memory of the warm server, in MiB. */
export interface MemoryReport {
  minutes: number;
  acknowledged: number;
  start_mib: number;
  end_mib: number;
  max_mib: number;
  slope_mib_per_minute: number;
  /** The median of the last quarter over that of the first. */
  growth: number;
}

const warmUpMs = 30_000;
const everyMs = 1000;

/** Runs a batched load for `minutes`. Throws when a call failed or the rows are not the acknowledged ones. */
export async function measureMemory(
  database: OrdersDatabase,
  options: { minutes: number; form: IdForm; signal: AbortSignal },
): Promise<MemoryReport> {
  const { minutes, form, signal } = options;
  const databaseUrl = await database.prepare();
  const from = await withClient(databaseUrl, nextTransactionId);
  const server = await startServer(databaseUrl, logFolder);
  try {
    const { url, pid } = server.process;
    const load = startLoadProcess({
      way: 'batched',
      url,
      token: server.token,
      form,
      warm_up_seconds: warmUpMs / 1000,
    });
    try {
      await delay(warmUpMs, undefined, { signal });
      const resident: number[] = [];
      const end = epochMs() + minutes * 60_000;
      while (epochMs() < end) {
        resident.push(residentMib(pid));
        await delay(everyMs, undefined, { signal });
      }
      const { acknowledged, failed, failure } = await load.end({ from: 0, to: end });
      if (failed > 0) throw new Error(`${failed} calls failed, the first with: ${failure}`);
      await withClient(databaseUrl, (client) => checkRows(client, { from, acknowledged }));
      return { minutes, acknowledged, ...summariseMemory(resident) };
    } finally {
      load.kill();
    }
  } finally {
    await server.process.stop();
  }
}

/** Expects one sample per second. */
export function summariseMemory(resident: readonly number[]): Omit<MemoryReport, 'minutes' | 'acknowledged'> {
  const quarter = Math.max(1, Math.floor(resident.length / 4));
  const perSecond = slopeOf(resident.map((y, x) => ({ x, y })));
  return {
    start_mib: resident[0] ?? NaN,
    end_mib: resident.at(-1) ?? NaN,
    max_mib: Math.max(...resident),
    slope_mib_per_minute: perSecond * 60,
    growth: median(resident.slice(-quarter)) / median(resident.slice(0, quarter)),
  };
}
