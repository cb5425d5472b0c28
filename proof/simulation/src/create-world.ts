import type { Engine } from './engine/engine.ts';
import type { Flow, ProcessName } from './engine/flow.ts';
import { type JobQueue, createJobQueue } from './engine/job-queue.ts';
import { PRODUCT } from './decisions.ts';
import { nothingSeen } from './seen.ts';
import { type PlantedBug, plant } from './planted-bugs.ts';
import { advanceJob } from './shells/transactions/advance-operation.ts';
import { pollOrder } from './shells/poll-order.ts';
import { processJob } from './shells/processing/process-change.ts';
import { chargeJob } from './shells/reconcile-order.ts';
import { chooseBounds } from './services.ts';
import { createArchive, createTables } from './tables.ts';
import { senderOf } from './sender-of.ts';
import type { World } from './world.ts';

const { AT_START, WALK_START } = PRODUCT.transactions;
/** As many as transactions lists, or so few that an operation which has ended is soon listed no more. */
const SHOWN = [PRODUCT.transactions.SHOWN_OPERATIONS, 1];

export function createWorld(engine: Engine, bug: PlantedBug | null): World {
  const queue = (process: ProcessName, name: string, handle: (about: string) => Flow<void>): JobQueue =>
    createJobQueue(engine, { process: () => senderOf(world, process), name, handle });
  const charges = queue('worker', 'charge', (about) => chargeJob(world, about));
  const world: World = {
    engine,
    tables: createTables(),
    bounds: chooseBounds(engine.choices),
    archive: createArchive(),
    charges: {
      ...charges,
      enqueue(key, about, after_ms) {
        world.forgotten.delete(about);
        charges.enqueue(key, about, after_ms);
      },
    },
    poll: (orderId, isRequested) => pollOrder(world, orderId, isRequested),
    changes: queue('processing', 'process', (about) => processJob(world, about)),
    advances: queue('transactions', 'advance', (about) => advanceJob(world, about)),
    growth: { sendable: new Map(), windows: new Map() },
    summed: [],
    xacts: 0,
    unobserved: { life: 0, changes: PRODUCT.worker.createUnobservedChanges(() => engine.now()) },
    step_failures: null,
    walk: { life: 0, after: WALK_START, progress: AT_START, resumes_at: 0 },
    forgotten: new Set(),
    shown_operations: SHOWN[engine.choices.below(SHOWN.length)] ?? 1,
    answers: new Map(),
    has_second_sender: false,
    older_release: null,
    offers_cashback_feed: true,
    stories: [],
    has_audits: true,
    audits_orders: false,
    wallet_policies: {},
    payees: new Map(),
    incidents: 0,
    trust_ends: new Map(),
    keeps_other_content: false,
    other_content: new Map(),
    lacks_money: false,
    compared_from: null,
    compared: null,
    compares: false,
    restored_at: null,
    epoch_at: Number.NEGATIVE_INFINITY,
    follows_balances: false,
    disturbed_at: 0,
    keeps_writing: false,
    lacks_columns: false,
    seen: nothingSeen(),
    decisions: plant(bug, PRODUCT),
  };
  return world;
}
