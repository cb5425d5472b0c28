import { type Flow, type ProcessName, atomically, outside } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';
import { auditOrders } from './audit-orders.ts';
import { followBalances } from './follow-balances.ts';
import { followChanges } from './follow-changes.ts';
import { catchUp } from './processing/catch-up.ts';
import { releaseHeld } from './release-held.ts';
import { resumeOrders } from './resume-orders.ts';
import { correctTrust } from './correct-trust.ts';
import { loadChange, writeChange } from './processing/write-changes.ts';
import { walkUnadopted } from './transactions/walk-unadopted.ts';
import { sweepOperations } from './transactions/write-rows.ts';

const EVERY_MS = 20_000;
const CHARGE_GRACE_MS = 60_000;
const OVERDUE_MS = 10_000;

/** The loops of each app, which find its unfinished rows, whatever happened to its queue. */
export function startSweeps(world: World): void {
  const { engine, forgotten, tables } = world;
  const every = (process: ProcessName, what: string, flow: () => Flow<void>): void => {
    engine.after(
      EVERY_MS,
      () => {
        if (engine.downMs(process) === 0) engine.spawn(process, what, flow());
        every(process, what, flow);
      },
      'idle',
    );
  };
  every('worker', 'sweep orders', () => atomically('sweep orders', () => sweepOrders(world)));
  every('transactions', 'sweep operations', () =>
    atomically('sweep operations', () => sweepOperations(world, OVERDUE_MS)),
  );
  every('transactions', 'adopt', () => walkUnadopted(world));
  every('processing', 'sweep changes', () => atomically('sweep changes', () => sweepChanges(world)));
  if (world.has_audits)
    every('processing', 'audit changes', () => atomically('audit changes', () => auditChanges(world)));
  if (world.audits_orders) every('worker', 'audit orders', () => auditOrders(world));
  every('processing', 'read the feed of invoices', () => catchUp(world));
  every('worker', 'read the feed of cashback', () => followChanges(world));
  // In other runs every callback arrives some time.
  if (world.follows_balances) every('wallet', 'read the feed of balances', () => followBalances(world));
  if (world.keeps_other_content) every('client', 'correct Trust', () => correctTrust(world));
  every('client', 'compare the export of Trust', () =>
    outside('compare the export of Trust', () => compareExport(world)),
  );
  every('client', 'release what is held', () => releaseHeld(world));
  if (world.keeps_writing) every('client', 'resume orders', () => resumeOrders(world));
  every('client', 'lose the queues', () =>
    outside('lose the queues', () => {
      if (!engine.happens('wipe_queues')) return;
      engine.note('every row of every queue is gone');
      for (const orderId of tables.orders.keys()) forgotten.add(orderId);
      for (const queue of [world.charges, world.changes, world.advances]) queue.wipe();
    }),
  );
}

function sweepOrders(world: World): void {
  const { engine, tables, charges, decisions } = world;
  for (const row of tables.orders.values()) {
    const has_job = charges.knows(row.order_id);
    const grace_ms = CHARGE_GRACE_MS;
    const times = decisions.worker.scheduledTimes(row, { has_job, grace_ms }, engine.now());
    if (applyTimes(world, row, times) && !has_job) {
      engine.note(`worker: ${row.order_id} had neither a time nor a job`);
    }
  }
}

/** A person brings in what an order needs of it; from then on it is as if Trust had a list. */
function compareExport(world: World): void {
  const isNeeded = [...world.tables.orders.values()].some((row) => row.attention_code === 'history_lost');
  if (!world.compares || world.compared === null || !isNeeded) return;
  world.engine.note('a person compares the export of Trust');
  world.compared = null;
}

function sweepChanges(world: World): void {
  for (const order_id of world.tables.changes.keys()) {
    const row = loadChange(world, order_id);
    if (row !== null) writeChange(world, world.decisions.processing.sweepChange(row, OVERDUE_MS));
  }
}

function auditChanges(world: World): void {
  for (const order_id of world.tables.changes.keys()) {
    const row = loadChange(world, order_id);
    if (row !== null) writeChange(world, world.decisions.processing.auditChange(row));
  }
}
