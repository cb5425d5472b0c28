import { withClient } from '../../database/with-client.ts';
import { percentile } from '../../measure/statistics.ts';
import { type MeasureOptions, type Measurement, toMeasurement, watchWindow } from '../measurement.ts';
import { SERVER_ROLE } from '../served/server.ts';
import { PLAIN_CLIENTS, PLAIN_THREADS } from '../ways.ts';
import { startPgbench } from './pgbench.ts';
import { plainScript } from './plain-script.ts';

/** pgbench ends by itself, shortly after the window. */
const tailSeconds = 1;

export async function measurePlain(
  options: MeasureOptions & { url: string },
): Promise<{ measurement: Measurement; acknowledged: number }> {
  const { url, form, lengths, postgres, signal } = options;
  const script = await withClient(url, (client) => plainScript(client, form));
  const seconds = lengths.warm_up_seconds + lengths.seconds + tailSeconds;
  const pgbench = startPgbench({
    url,
    role: SERVER_ROLE,
    script,
    clients: PLAIN_CLIENTS,
    threads: PLAIN_THREADS,
    until: { seconds },
    signal,
  });
  const [times, calls] = await Promise.all([
    watchWindow({ client: pgbench.pid, server: null, postgres }, lengths, signal),
    pgbench.ended,
  ]);
  const latencies = calls
    .filter(({ ended_at }) => ended_at >= times.from && ended_at < times.to)
    .map(({ latency_ms }) => latency_ms);
  const figures = {
    orders: latencies.length,
    p50_ms: percentile(latencies, 0.5),
    p99_ms: percentile(latencies, 0.99),
  };
  return { measurement: toMeasurement(times, figures), acknowledged: calls.length };
}
