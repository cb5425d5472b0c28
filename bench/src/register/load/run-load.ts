import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { createIds } from '../order-ids.ts';
import { SHAPES, type ServedWay } from '../ways.ts';
import { createCallLog } from './call-log.ts';
import type { LoadPlan, LoadResult, Window } from './messages.ts';
import { newOrder } from './new-order.ts';

export interface RunningLoad {
  /** Makes no further call, waits for those in flight, and returns the result. */
  end(window: Window): Promise<LoadResult>;
}

/** Orders in flight during the warm-up when the way has fewer. */
const WARM_UP_IN_FLIGHT = 32;
/** The share of the warm-up with helpers; the remainder runs like the measurement. */
const HELPED_SHARE = 0.8;

/** Keeps the way's number of calls in flight, each with new orders, until `end`. */
export function startLoad(plan: LoadPlan): RunningLoad {
  const { way, url, token, form } = plan;
  const { items, in_flight, batching } = SHAPES[way];
  const client = createCashbackClient({ url, token, batching });
  const nextId = createIds(form);
  const log = createCallLog();
  const ending = new AbortController();
  let acknowledged = 0;
  let failed = 0;
  let failure: string | null = null;

  async function callOnce(): Promise<void> {
    const inputs = Array.from({ length: items }, () => newOrder(nextId()));
    const began = performance.now();
    const problems = await send[way](client, inputs);
    acknowledged += items - problems.length;
    failed += problems.length;
    failure ??= problems[0] ?? null;
    log.add(items - problems.length, performance.now() - began);
  }
  // Helpers get the code compiled; a way with few calls in flight would take minutes.
  const helpersEnd = performance.now() + plan.warm_up_seconds * 1000 * HELPED_SHARE;
  async function keepCalling(): Promise<void> {
    while (!ending.signal.aborted) await callOnce();
  }
  async function helpToWarmUp(): Promise<void> {
    while (!ending.signal.aborted && performance.now() < helpersEnd) await callOnce();
  }

  const callers = [
    ...Array.from({ length: in_flight }, keepCalling),
    ...Array.from({ length: Math.max(0, WARM_UP_IN_FLIGHT - in_flight * items) }, helpToWarmUp),
  ];
  return {
    async end(window) {
      ending.abort();
      await Promise.all(callers);
      client.close();
      return { acknowledged, failed, failure, window: log.figures(window) };
    },
  };
}

type Inputs = ReturnType<typeof newOrder>[];
/** Resolves with a problem for each order that was not registered. */
type Send = (client: CashbackClient, inputs: Inputs) => Promise<string[]>;

const sendOne: Send = async (client, inputs) => {
  const results = await Promise.all(
    inputs.map((input) => client.register(input).then(problemOf, (error: unknown) => String(error))),
  );
  return results.filter((problem) => problem !== null);
};

const sendMany: Send = async (client, inputs) => {
  try {
    const results = await client.registerMany(inputs);
    const problems = results.map((one) => ('error' in one ? String(one.error) : problemOf(one.result)));
    return problems.filter((problem) => problem !== null);
  } catch (error) {
    return inputs.map(() => String(error));
  }
};

const send: Readonly<Record<ServedWay, Send>> = {
  register_many: sendMany,
  batched: sendOne,
  unbatched: sendOne,
  lone: sendOne,
};

/** Every order is new, so any other answer is a fault. */
function problemOf({ outcome, revision }: { outcome: string; revision: number }): string | null {
  return outcome === 'registered' && revision === 1
    ? null
    : `expected a new order to be registered with revision 1, got ${outcome} with revision ${revision}`;
}
