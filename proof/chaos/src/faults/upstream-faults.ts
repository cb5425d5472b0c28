import { setTimeout as sleep } from 'node:timers/promises';
import { CALM } from '@cashback/scenario';
import { trustSettings } from '@cashback/wire';
import { type Fault, HOLD_MS, onRoad } from '../fault.ts';

/** Longer than every wait between two attempts that the apps are given here. */
const OUTAGE_MS = 7_000;
const MOST_LOOKS = 6;

/** How those who are asked answer, or do not. */
export const UPSTREAM_FAULTS: readonly Fault[] = [
  ...(['worker>transactions', 'transactions>trust'] as const).flatMap((road) => [
    onRoad('429 with Retry-After', road, { kind: 'status', status: 429, retry_after: '1' }),
    onRoad('500', road, { kind: 'status', status: 500 }, { share: 60 }),
    onRoad('503 with Retry-After', road, { kind: 'status', status: 503, retry_after: '1' }),
    onRoad('a page of HTML', road, { kind: 'html' }, { share: 60 }),
    onRoad('hang', road, { kind: 'hang' }, { share: 40 }),
    onRoad('applied, then reset', road, { kind: 'applied_then_reset' }, { share: 60 }),
    onRoad('down for longer than every wait', road, { kind: 'reset' }, { hold_ms: OUTAGE_MS }),
  ]),
  onRoad('applied, then reset', 'processing>server', { kind: 'applied_then_reset' }, { share: 60 }),
  onRoad('applied, then reset', 'client>server', { kind: 'applied_then_reset' }, { share: 60 }),
  onRoad(
    'applied, then 500',
    'client>transactions',
    { kind: 'applied_then_status', status: 500 },
    { share: 60 },
  ),
  onRoad('stale status', 'worker>transactions', { kind: 'stale' }, { path: '/retrieve' }),
  onRoad('flapping status', 'worker>transactions', { kind: 'stale' }, { path: '/retrieve', share: 50 }),
  onRoad('stale invoices', 'processing>transactions', { kind: 'stale' }, { path: '/retrieve', share: 50 }),
  partialFailure(),
];

function partialFailure(): Fault {
  return {
    name: 'partial failure: Trust refuses some of the steps of an operation',
    lane: 'upstreams',
    async fire({ door, postgres }) {
      const set = (settings: object): Promise<unknown> =>
        door.insist(() => door.trust.post('/settings', settings, trustSettings));
      const refused = async (): Promise<number> => {
        const [row] = await postgres.query<{ count: string }>(
          `SELECT count(*) FROM transactions.operation_steps WHERE status = 'refused'`,
        );
        return Number(row?.count);
      };
      const before = await refused();
      await set({ ...CALM, refusal_share: 0.4, failure_share: 0.1, lost_answer_share: 0.1, latency_ms: 100 });
      let fired = 0;
      for (let look = 0; look < MOST_LOOKS && fired === 0; look += 1) {
        await sleep(HOLD_MS);
        fired = (await refused()) - before;
      }
      await set(CALM);
      return fired;
    },
  };
}
