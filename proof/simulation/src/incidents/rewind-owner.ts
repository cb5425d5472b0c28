import { type Flow, outside, sleep } from '../engine/flow.ts';
import { recountGrowth } from '../invariants/check-breaker.ts';
import { nothingSeen } from '../seen.ts';
import { armPoll } from '../shells/poll-timer.ts';
import { settlePending } from '../shells/trust.ts';
import type { World } from '../world.ts';
import { type Owner, PROCESSES_OF, RESTORE_MS, backUp, restore } from './owners.ts';
import { afterRestore } from './after-restore.ts';
import { rememberEnds } from './restate-requests.ts';

/** The backup is taken in the middle of what the run does, or when all is at rest; and so is it restored. */
const UNTIL_BACKUP_MS = [1_000, 20_000, 120_000, 400_000];
const UNTIL_RESTORE_MS = [500, 5_000, 60_000, 400_000];

/** An owner's tables are lost, and a backup of some time ago takes their place. Its jobs are lost, too. */
export function* rewind(world: World, owner: Owner): Flow<void> {
  const { engine } = world;
  yield* sleep(some(world, UNTIL_BACKUP_MS));
  const backup = yield* outside(`back up ${owner}`, () => backUp(world, owner));
  const backed_up_at = engine.now();
  yield* sleep(some(world, UNTIL_RESTORE_MS));
  yield* outside(`restore ${owner}`, () => {
    engine.note(`${owner} is restored as it was at ${backed_up_at / 1_000} s`);
    for (const process of PROCESSES_OF[owner]) engine.restart(process, RESTORE_MS);
    if (owner === 'trust') rememberEnds(world);
    restore(world, backup);
    loseJobs(world, owner);
  });
  yield* afterRestore(world, owner);
}

function some({ engine: { choices } }: World, list: readonly number[]): number {
  return choices.below((list[choices.below(list.length)] ?? 0) + 1);
}

function loseJobs(world: World, owner: Owner): void {
  const { tables, forgotten } = world;
  switch (owner) {
    case 'cashback':
      world.restored_at = world.engine.now();
      world.charges.wipe();
      recountGrowth(world);
      world.seen = nothingSeen();
      for (const row of tables.orders.values()) {
        forgotten.add(row.order_id);
        armPoll(world, row);
      }
      return;
    case 'processing':
      return world.changes.wipe();
    case 'transactions':
      return world.advances.wipe();
    case 'trust':
      world.lacks_money = true;
      world.compared_from = null;
      return settlePending(world);
    case 'wallet':
  }
}
