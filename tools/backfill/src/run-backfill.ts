import type { CashbackClient, InputIssue, RegisterInput, RegisterOutcome } from '@cashback/client';
import { type InputLine, readInputs } from './read-inputs.ts';

/** A line that was not registered, and the reason. */
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
  /** The line to continue from after the server was unreachable or overloaded; null at the end of the file. */
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
 * Registers the lines in their order:
 *
 *   lines --> batches of 500 --> registerMany --> registered | unchanged | stale
 *                                     |
 *                                     +--> refused for good: onRejected, and the run continues
 *                                     +--> temporary, after the client's retries: the run stops at this line
 *
 * It is safe to repeat: orders that are already registered are `unchanged`, and a line never replaces a target that was
 * stored for the same version of the invoice, unless it states the revision that it replaces.
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

  for await (const batch of readInputs(lines, { from, size: LINES_PER_REQUEST })) {
    for (const line of batch) if ('reason' in line) reject(rejectedText(line));
    const inputs = batch.filter((line) => 'input' in line);
    const results = await client.registerMany(inputs.map(({ input }) => withEpoch(input)));
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
      // A repeat cannot change that the stored revision is not the expected one.
      if (retryable && code !== 'REVISION_CONFLICT') {
        report.stopped_at ??= line;
        report.reason ??= `${code}: ${message}`;
      } else reject({ line, code, message, issues, input });
    }
    report.lines += batch.length;
    onProgress(report);
    if (report.stopped_at !== null) break;
  }
  return report;
}

/** With an epoch the server asks for `expected_revision` before it replaces another target of the same version. */
function withEpoch(input: RegisterInput): RegisterInput {
  return input.expected_revision === undefined ? { invoice_epoch: 1, ...input } : input;
}

function rejectedText({ line, text, reason }: Extract<InputLine, { reason: string }>): RejectedLine {
  return { line, code: 'BAD_REQUEST', message: reason, issues: [], input: text };
}
