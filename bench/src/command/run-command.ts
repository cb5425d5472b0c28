import { type Table, toMarkdown, toText } from '../report/table.ts';
import type { CommonOptions } from './options.ts';

interface Benchmark<Report> {
  run: (context: { report: (what: string) => void; signal: AbortSignal }) => Promise<Report>;
  describe: (report: Report, draw: (table: Table) => string) => string;
  /** The exit code of an error; 1 by default. */
  exitCodeOf?: (error: unknown) => number;
}

/** Runs a benchmark: progress on stderr, the report on stdout, and the exit code. Ctrl-C cleans up. */
export async function runCommand<Report>(
  options: CommonOptions,
  benchmark: Benchmark<Report>,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(1);
    process.stderr.write('\nstopping (again to end at once)\n');
    stop.abort(new Error('stopped'));
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  try {
    const report = await benchmark.run({
      report: (what) => process.stderr.write(`${what}\n`),
      signal: stop.signal,
    });
    process.stdout.write(
      options.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : benchmark.describe(report, options.markdown ? toMarkdown : toText),
    );
  } catch (error) {
    const cause: unknown = stop.signal.aborted ? stop.signal.reason : error;
    process.stderr.write(`bench: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = benchmark.exitCodeOf?.(error) ?? 1;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
  }
}
