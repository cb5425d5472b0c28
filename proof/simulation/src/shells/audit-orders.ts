import type { AuditContext } from '@cashback/worker/decisions';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';

/** They go on for longer than any run lasts. */
export const AUDITS: AuditContext = {
  audits: { audit_distances: [60_000, 120_000], audit_end_ms: 86_400_000 },
  random: () => 0,
};

/** The worker's turn of audits: it makes orders due that were compared long enough ago. */
export function* auditOrders(world: World): Flow<void> {
  const { engine, tables, decisions } = world;
  const { auditedTimes, firstAuditTimes, planOf, runOf } = decisions.worker;
  yield* atomically('plan missing audits', () => {
    for (const row of tables.orders.values()) {
      const { order_id, unsettled_since } = row;
      const plan = planOf({ order_id, age_ms: engine.now() - unsettled_since }, AUDITS);
      const times = firstAuditTimes(row, plan, engine.now());
      if (applyTimes(world, row, times)) engine.note(`worker: ${row.order_id} had no time for an audit`);
    }
  });
  yield* atomically('audit orders', () => {
    for (const row of tables.orders.values()) {
      if (applyTimes(world, row, auditedTimes(row, runOf(row, AUDITS), engine.now()))) {
        engine.note(`worker: ${row.order_id} is audited`);
      }
    }
  });
}
