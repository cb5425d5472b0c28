import type { CashbackClient, InputIssue, RegisterOutcome } from '@cashback/client';
import { type InputLine, readInputs } from './read-inputs.ts';

/** A line that is not registered, and why. */
export interface RejectedLine {
  line: number;
  code: string;
  message: string;
  issues: InputIssue[];
  input: unknown;
}

export interface BackfillReport {
  lines: number;
  outcomes: Record<RegisterOutcome, number>;
  rejected: number;
  /** The line to go on from, when the server could not be reached or had no time; null at the end of the file. */
  stopped_at: number | null;
  reason: string | null;
}

interface BackfillOptions {
  client: Pick<CashbackClient, 'registerMany'>;
  lines: AsyncIterable<string>;
  /** The first line to register. */
  from: number;
  onRejected: (line: RejectedLine) => void;
  onProgress: (report: BackfillReport) => void;
}

const LINES_PER_REQUEST = 500;

/**
 * Registers the lines in their order. A line that is refused is told to `onRejected` and holds up none of the others;
 * trouble that passes, once the client has tried long enough, ends the run at that line. Running it again is harmless:
 * what is registered already is `unchanged`.
 */
export async function runBackfill(options: BackfillOptions): Promise<BackfillReport> {
  const { client, lines, from, onRejected, onProgress } = options;
  const report: BackfillReport = {
    lines: 0,
    outcomes: { registered: 0, unchanged: 0, stale: 0 },
    rejected: 0,
    stopped_at: null,
    reason: null,
  };
  function reject(line: RejectedLine): void {
    report.rejected += 1;
    onRejected(line);
  }

  for await (const group of readInputs(lines, { from, size: LINES_PER_REQUEST })) {
    for (const line of group) if ('reason' in line) reject(rejectedText(line));
    const inputs = group.filter((line) => 'input' in line);
    const results = await client.registerMany(inputs.map(({ input }) => input));
    for (const [index, { line, input }] of inputs.entries()) {
      const result = results[index];
      if (result !== undefined && 'result' in result) {
        report.outcomes[result.result.outcome] += 1;
        continue;
      }
      const error = result?.error;
      const {
        code = 'UNEXPECTED_ANSWER',
        message = 'no answer',
        issues = [],
        retryable = true,
      } = error ?? {};
      // Another revision than the expected one: repeating the line will not help.
      if (retryable && code !== 'REVISION_CONFLICT') {
        report.stopped_at ??= line;
        report.reason ??= `${code}: ${message}`;
      } else reject({ line, code, message, issues, input });
    }
    report.lines += group.length;
    onProgress(report);
    if (report.stopped_at !== null) break;
  }
  return report;
}

function rejectedText({ line, text, reason }: Extract<InputLine, { reason: string }>): RejectedLine {
  return { line, code: 'BAD_REQUEST', message: reason, issues: [], input: text };
}
