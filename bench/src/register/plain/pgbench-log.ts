/** One transaction. */
export interface PgbenchCall {
  /** When it ended, in milliseconds since 1970. */
  ended_at: number;
  latency_ms: number;
}

/** Parses lines of `pgbench --log`: client, number, latency in us, script, and the end in seconds and us. */
export function parsePgbenchLog(log: string): PgbenchCall[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , latencyUs, , seconds, microseconds] = line.split(' ').map(Number);
      if (
        latencyUs === undefined ||
        seconds === undefined ||
        microseconds === undefined ||
        Number.isNaN(latencyUs)
      ) {
        throw new Error(`pgbench logged a transaction that failed: ${line}`);
      }
      return { ended_at: seconds * 1000 + microseconds / 1000, latency_ms: latencyUs / 1000 };
    });
}
