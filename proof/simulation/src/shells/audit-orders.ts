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
  const { auditAfter, auditByAge, auditedTimes, firstAuditTimes } = decisions.worker;
  yield* atomically('plan missing audits', () => {
    for (const row of tables.orders.values()) {
      const age_ms = engine.now() - row.unsettled_since;
      const times = firstAuditTimes(row, auditByAge(age_ms, AUDITS), engine.now());
      if (applyTimes(world, row, times)) engine.note(`worker: ${row.order_id} had no time for an audit`);
    }
  });
  yield* atomically('audit orders', () => {
    for (const row of tables.orders.values()) {
      const { order_id, audit_step: due_step } = row;
      const audit = { order_id, due_step, ...auditAfter(due_step + 1, AUDITS) };
      if (applyTimes(world, row, auditedTimes(row, audit, engine.now()))) {
        engine.note(`worker: ${order_id} is audited`);
      }
    }
  });
}
