import { text } from 'node:stream/consumers';
import { startHttpServer } from '@cashback/testing/http-server';

const CENT = 100n;
const SCALE = 10_000n;

interface Moved {
  body: Record<string, string>;
  asked: bigint;
  amount: bigint;
}

function parsed(amount: string): bigint {
  const [whole = '0', part = ''] = amount.split('.');
  return BigInt(whole) * SCALE + BigInt(part.padEnd(4, '0'));
}

function formatted(amount: bigint): string {
  return `${amount / SCALE}.${(amount % SCALE).toString().padStart(4, '0')}`;
}

function notFound(kind: string | undefined, message: string) {
  return { error: { code: kind === 'baskets' ? 'BASKET_NOT_FOUND' : 'REFUND_NOT_FOUND', message } };
}

function shown({ body, amount }: Moved) {
  return { ...body, amount: formatted(amount), refunded: '0.0000', status: 'success', reason: null };
}

/** A payment system that keeps whole cents, and shows what it kept, until a person corrects it. It has one wallet. */
export async function startRoundingTrust() {
  const baskets = new Map<string, Moved>();
  const refunds = new Map<string, Moved>();
  let keeps_cents = true;
  let requests = 0;
  const total = (all: Map<string, Moved>): bigint =>
    [...all.values()].reduce((sum, { amount }) => sum + amount, 0n);

  function take(all: Map<string, Moved>, id: string, body: Moved['body']): Moved {
    const asked = parsed(body.amount ?? '0');
    const amount = keeps_cents ? ((asked + CENT / 2n) / CENT) * CENT : asked;
    const moved = all.get(id) ?? { body, asked, amount };
    all.set(id, moved);
    return moved;
  }

  const { url, stop } = await startHttpServer((incoming, response) => {
    void (async () => {
      requests += 1;
      const raw = await text(incoming);
      const [, kind, asked_id] = (incoming.url ?? '').split('/');
      const all = kind === 'baskets' ? baskets : refunds;
      const body = raw === '' ? undefined : (JSON.parse(raw) as Moved['body']);
      const id = body?.refund_id ?? body?.basket_id ?? asked_id ?? '';
      const moved = body === undefined ? all.get(id) : take(all, id, body);
      response.writeHead(moved === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(moved === undefined ? notFound(kind, id) : shown(moved)));
    })();
  });
  return {
    url,
    stop,
    requests: () => requests,
    balance: () => formatted(total(baskets) - total(refunds)),
    keepCents(): void {
      keeps_cents = true;
    },
    /** From now on, and of what it has, it keeps what was asked for. */
    correct(): void {
      keeps_cents = false;
      for (const moved of [...baskets.values(), ...refunds.values()]) moved.amount = moved.asked;
    },
  };
}
