import pRetry, { AbortError } from 'p-retry';
import { connectClient } from './connect-client.ts';
import { describeDatabase } from './connection-settings.ts';
import { requireOwnSession } from './require-own-session.ts';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { asError, isUnavailable } from '../errors/errors.ts';

const firstDelayMs = 100;
const longestDelayMs = 1_000;

/**
 * Resolves once the database answers, and its connections are fit for us. An answer that waiting cannot change (wrong password, no such database)
 * fails at once, silence after `timeout_ms`; the error names host and port, never the password.
 */
export async function waitForDatabase(settings: { url: string; timeout_ms: number }): Promise<void> {
  const giveUp = AbortSignal.timeout(settings.timeout_ms);
  const deadline = Date.now() + settings.timeout_ms;
  let last: Error | undefined;
  try {
    await pRetry(
      () =>
        connectOnce(settings.url, Math.max(1, deadline - Date.now())).catch((error: unknown) => {
          last = asError(error);
          throw isUnavailable(error) ? last : new AbortError(last);
        }),
      { retries: Infinity, minTimeout: firstDelayMs, maxTimeout: longestDelayMs, factor: 2, signal: giveUp },
    );
  } catch (error) {
    if (last instanceof DatabaseSetupError) throw last;
    const reason = last ?? asError(error);
    throw new DatabaseSetupError(
      `cannot reach Postgres at ${describeDatabase(settings.url)}: ${describe(reason)}. ` +
        'Check that it runs and accepts this login, and check DATABASE_URL (postgres://user:password@host:5432/database).',
      { cause: error },
    );
  }
}

async function connectOnce(url: string, timeoutMs: number): Promise<void> {
  const client = await connectClient({ url, application_name: 'cashback-wait' }, timeoutMs);
  try {
    await requireOwnSession(client, url, timeoutMs);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A refused connection to a name with several addresses is an AggregateError with an empty message. */
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each) => asError(each).message).join('; ');
  return error.message;
}
