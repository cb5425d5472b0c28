import { setTimeout as delay } from 'node:timers/promises';
import type { TrustSettings } from '@cashback/wire';
import { type RouteInput, ServiceError } from '@cashback/service';
import type { Context } from '../context.ts';
import { loadSettings } from '../db/settings.ts';
import { happens } from '../random.ts';

type Reply = RouteInput<unknown, unknown, unknown>['reply'];

/**
 * Answers with what `work` returns, except for the shares of calls that fail on demand: with a 503 before `work`, or,
 * after `work` has committed, by cutting the connection without an answer.
 */
export async function withFaults<Answer>(
  { database }: Context,
  reply: Reply,
  work: (settings: TrustSettings) => Promise<Answer>,
): Promise<Answer | undefined> {
  const settings = await loadSettings(database.drizzle);
  if (happens(settings.failure_share)) {
    await delay(settings.answer_delay_ms);
    const message = 'nothing was done: the settings of the payment system ask for failures; retry';
    throw new ServiceError(message, { code: 'UNAVAILABLE', http_status: 503, retryable: true });
  }
  const answer = await work(settings);
  await delay(settings.answer_delay_ms);
  if (!happens(settings.lost_answer_share)) return answer;
  reply.hijack();
  reply.raw.socket?.destroy();
  return undefined;
}
