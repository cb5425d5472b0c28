import { type Flow, call, sleep } from '../engine/flow.ts';
import { reconcileTrust } from '../shells/reconcile-trust.ts';
import { postBasket, postRefund } from '../shells/trust.ts';
import type { TrustBasketRow, TrustRefundRow } from '../tables.ts';
import type { World } from '../world.ts';

/** Between two rounds: also long enough that orders go on while a refund is missing. */
const AGAIN_MS = [10_000, 60_000, 300_000];

/** From now on what Trust had ended counts as its word: the same id ends as it did. */
export function rememberEnds({ tables, trust_ends }: World): void {
  for (const [id, row] of [...tables.trust_baskets, ...tables.trust_refunds]) {
    if (row.status !== 'pending') trust_ends.set(id, row);
  }
}

/**
 * A person has Trust carry out again what `cashback reconcile-trust` finds missing there: each request as it was, under
 * its id, a refund once its basket is carried out. Trust refuses one that comes before, and its id is used up.
 */
export function* restateRequests(world: World): Flow<void> {
  for (;;) {
    const missing = new Set(
      reconcileTrust(world)
        .filter(({ difference }) => difference === 'missing_in_export')
        .map(({ id }) => id),
    );
    const lost = [...world.trust_ends].filter(([id]) => missing.has(id)).map(([, row]) => row);
    if (lost.length === 0 && !isPending(world)) break;
    for (const row of lost) if (mayBeStated(world, row)) yield* restate(world, row);
    yield* sleep(AGAIN_MS[world.engine.choices.below(AGAIN_MS.length)] ?? 0);
  }
  world.lacks_money = false;
}

function mayBeStated({ tables }: World, row: TrustBasketRow | TrustRefundRow): boolean {
  return !('refund_id' in row) || tables.trust_baskets.get(row.basket_id)?.status === 'success';
}

function isPending({ tables, trust_ends }: World): boolean {
  const rows = [...tables.trust_baskets, ...tables.trust_refunds];
  return rows.some(([id, { status }]) => status === 'pending' && trust_ends.has(id));
}

function* restate(world: World, row: TrustBasketRow | TrustRefundRow): Flow<void> {
  if ('refund_id' in row) {
    const { refund_id, basket_id, amount, wallet_policy } = row;
    const body = { refund_id, basket_id, amount, wallet_policy };
    yield* call('trust', `state ${refund_id} again`, () => postRefund(world, body));
    return;
  }
  const { status: _status, ...body } = row;
  yield* call('trust', `state ${row.basket_id} again`, () => postBasket(world, body));
}
