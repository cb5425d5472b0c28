import { logFolder } from '../../database/open-postgres.ts';
import { startLoadProcess } from '../load/load-process.ts';
import { type MeasureOptions, type Measurement, toMeasurement, watchWindow } from '../measurement.ts';
import type { ServedWay } from '../ways.ts';
import { startServer } from './server.ts';

/** Measures with a new server and a new load process. Throws when any call failed. */
export async function measureServed(
  options: MeasureOptions & { url: string; way: ServedWay },
): Promise<{ measurement: Measurement; acknowledged: number }> {
  const { way, form, lengths, postgres, signal } = options;
  const server = await startServer(options.url, logFolder);
  try {
    const { url, pid } = server.process;
    const load = startLoadProcess({
      way,
      url,
      token: server.token,
      form,
      warm_up_seconds: lengths.warm_up_seconds,
    });
    try {
      const times = await watchWindow({ client: load.pid, server: pid, postgres }, lengths, signal);
      const { acknowledged, failed, failure, window } = await load.end(times);
      if (failed > 0) throw new Error(`${way}: ${failed} of the calls failed, the first with: ${failure}`);
      return { measurement: toMeasurement(times, window), acknowledged };
    } finally {
      load.kill();
    }
  } finally {
    await server.process.stop();
  }
}
