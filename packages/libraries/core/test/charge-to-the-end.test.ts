import { type AmountsBySource, equalAmounts } from '@cashback/contract/source';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type UpdateAnswer, decideAnswer } from '../src/decide-answer.ts';
import { type OpenOperation, decideCharge } from '../src/decide-charge.ts';
import type { ObservedCashback } from '../src/observed-cashback.ts';
import { fewAmountsBySource } from './arbitraries.ts';
import { attemptsOf } from './charge-builders.ts';

type Fate = 'answered' | 'request lost' | 'answer lost';
type Event =
  | { kind: 'target'; target: AmountsBySource }
  | { kind: 'observe'; fate: Fate }
  | { kind: 'work'; fails: boolean }
  | { kind: 'another caller updates'; reward: AmountsBySource };

const events: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('target' as const), target: fewAmountsBySource }),
  fc.record({
    kind: fc.constant('observe' as const),
    fate: fc.constantFrom<Fate>('answered', 'request lost', 'answer lost'),
  }),
  fc.record({ kind: fc.constant('work' as const), fails: fc.boolean() }),
  fc.record({ kind: fc.constant('another caller updates' as const), reward: fewAmountsBySource }),
);

const DAY_MS = 86_400_000;
const limits = {
  poll_base_ms: 100,
  in_flight_poll_ms: 400,
  poll_max_ms: 10_000,
  failure_base_ms: 1_000,
  failure_max_ms: 8_000,
  max_failures: 1_000,
  attention_after_ms: 30 * DAY_MS,
  attention_poll_ms: 60_000,
  attention_poll_max_ms: 3_600_000,
};

test('an invoice converges to the last target under loss, failure and interleaving; each id has one reward', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 40 }), (story) => {
      const invoice = startInvoice();
      const worker = startWorker(invoice);
      for (const event of story) {
        if (event.kind === 'target') worker.setTarget(event.target);
        if (event.kind === 'observe') worker.observe(event.fate);
        if (event.kind === 'work') invoice.work(event.fails);
        if (event.kind === 'another caller updates') invoice.anotherCallerUpdates(event.reward);
      }
      // From here on nothing goes wrong: an observation and some work for each step of each operation that may be under way.
      for (let round = 0; round < 20 && !worker.observe('answered'); round += 1) invoice.work(false);
      expect(worker.observe('answered')).toBe(true);
      expect(equalAmounts(invoice.cashback().rewarded, worker.target())).toBe(true);
    }),
    { numRuns: 500 },
  );
});

/** So few that operations of ours leave the list before their end was seen: only their ids show it then. */
const LISTED = 1;

/** `transactions`, as far as its promises about operations go. */
function startInvoice() {
  const operations: { operation_id: string; status: ObservedCashback['status']; reward: AmountsBySource }[] =
    [];
  const everSent = new Map<string, AmountsBySource>();
  let rewarded: AmountsBySource = {};
  let version = 0;
  let theirs = 0;
  const isInFlight = () => operations.some(({ status }) => status === 'init' || status === 'in-progress');

  function update({ operation_id, reward, version: seen }: OpenOperation): UpdateAnswer {
    expect(equalAmounts(everSent.get(operation_id) ?? reward, reward)).toBe(true);
    everSent.set(operation_id, reward);
    const known = operations.find((operation) => operation.operation_id === operation_id);
    if (known) return { kind: 'accepted', status: known.status };
    if (isInFlight()) return { kind: 'refused', code: 'OPERATION_IN_FLIGHT', message: '', details: {} };
    if (seen !== version) return { kind: 'refused', code: 'VERSION_MISMATCH', message: '', details: {} };
    operations.unshift({ operation_id, status: 'init', reward });
    version += 1;
    return { kind: 'accepted', status: 'init' };
  }

  return {
    update,
    /** The newest operation moves on by one status. */
    work(fails: boolean) {
      const [newest] = operations;
      if (newest?.status === 'in-progress') {
        newest.status = fails ? 'failed' : 'success';
        if (!fails) rewarded = newest.reward;
        version += 1;
      }
      if (newest?.status === 'init') newest.status = 'in-progress';
    },
    anotherCallerUpdates(reward: AmountsBySource) {
      theirs += 1;
      update({ operation_id: `theirs-${theirs}`, revision: 0, reward, version });
    },
    cashback(): ObservedCashback {
      const listed = operations.slice(0, LISTED).map((operation) => ({ ...operation }));
      return { epoch: 1, version, status: listed[0]?.status ?? 'success', rewarded, operations: listed };
    },
  };
}

/** `cashback_charge_processing` for one order: load, decide, record, send. */
function startWorker(invoice: ReturnType<typeof startInvoice>) {
  let target: AmountsBySource = {};
  let revision = 1;
  let operation: OpenOperation | null = null;
  let sent = 0;
  let cashback_version = 0;
  let attempts = attemptsOf({});
  let now = new Date('2026-01-02T12:00:00.000Z');
  const unsettled_since = now;

  function end(outcome: 'applied' | 'failed' | 'rejected') {
    if (operation?.revision === revision) {
      attempts = { ...attempts, [outcome]: attempts[outcome] + 1, last_at: now };
    }
    operation = null;
  }

  function send(next: OpenOperation, repeated: boolean, fate: Fate) {
    operation = next;
    const answer = fate === 'request lost' ? undefined : invoice.update(next);
    const received: UpdateAnswer =
      fate === 'answered' && answer ? answer : { kind: 'unknown', message: fate };
    const decision = decideAnswer(received, { repeated, overdue: null });
    expect(decision.action).not.toBe('needs_attention');
    if (decision.action === 'rejected') end('rejected');
    if (decision.action === 'finished') {
      cashback_version = Math.max(cashback_version, next.version + 1);
      end(decision.outcome);
    }
  }

  return {
    target: () => target,
    setTarget(next: AmountsBySource) {
      if (equalAmounts(next, target)) return;
      target = next;
      revision += 1;
      attempts = attemptsOf({});
    },
    /** True when the order is settled. */
    observe(fate: Fate): boolean {
      now = new Date(now.getTime() + limits.failure_max_ms);
      const cashback = invoice.cashback();
      const decision = decideCharge({
        target,
        revision,
        cashback,
        operation,
        cashback_epoch: 1,
        cashback_version,
        attempts,
        unsettled_since,
        waited_ms: 0,
        attention: null,
        now,
        limits,
      });
      cashback_version = Math.max(cashback_version, cashback.version);
      if (decision.finished) end(decision.finished.outcome);
      expect(decision.action).not.toBe('needs_attention');
      if (decision.action === 'update') {
        sent += 1;
        const { repeat } = decision;
        const { version } = cashback;
        const next = repeat ?? { operation_id: `ours-${sent}`, revision, reward: target, version };
        send(next, repeat !== null, fate);
      }
      return decision.action === 'settled';
    },
  };
}
