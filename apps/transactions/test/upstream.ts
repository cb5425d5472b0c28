import { text } from 'node:stream/consumers';
import { startHttpServer } from '@cashback/testing/http-server';

export interface UpstreamRequest {
  method: string;
  path: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what was sent is what the tests are about
  body: any;
  /** The body that was posted last under the id of a lookup. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  posted?: any;
}

/** `cut`: the connection ends without an answer. */
export type UpstreamAnswer = { status: number; body: unknown } | 'cut';

type Answering = (request: UpstreamRequest) => UpstreamAnswer | Promise<UpstreamAnswer>;

/** A payment system whose every answer the test decides; it remembers what was asked. */
export async function startUpstream() {
  const requests: UpstreamRequest[] = [];
  const posted = new Map<string, UpstreamRequest['body']>();
  let answering: Answering = applied;
  const { url, stop } = await startHttpServer((incoming, response) => {
    void (async () => {
      const raw = await text(incoming);
      const body = raw === '' ? undefined : JSON.parse(raw);
      const path = incoming.url ?? '';
      if (body !== undefined) posted.set(`${path}/${body.refund_id ?? body.basket_id}`, body);
      const request = { method: incoming.method ?? '', path, body, posted: posted.get(path) };
      requests.push(request);
      const answer = await answering(request);
      if (answer === 'cut') incoming.socket.destroy();
      else {
        response
          .writeHead(answer.status, { 'content-type': 'application/json' })
          .end(JSON.stringify(answer.body));
      }
    })();
  });
  return {
    url,
    requests,
    of: (invoiceId: string) => requests.filter(({ body }) => body?.order_id === invoiceId),
    answerWith(next: Answering): void {
      answering = next;
    },
    stop,
  };
}

export type Upstream = Awaited<ReturnType<typeof startUpstream>>;

export const applied = (request: UpstreamRequest): UpstreamAnswer => stands(request, 'success');
export const pending = (request: UpstreamRequest): UpstreamAnswer => stands(request, 'pending');
export const failed = (request: UpstreamRequest, reason = 'as the test says'): UpstreamAnswer =>
  stands(request, 'failed', reason);

export const problem = (status: number, code: string): UpstreamAnswer => ({
  status,
  body: { error: { code, message: 'as the test says' } },
});

function stands(
  { path, body, posted }: UpstreamRequest,
  status: string,
  reason: string | null = null,
): UpstreamAnswer {
  // It lists nothing, whatever was posted.
  if (path.startsWith('/baskets?')) return { status: 200, body: { baskets: [], next: null } };
  const id = path.split('/').at(-1);
  const shape = path.startsWith('/baskets')
    ? {
        basket_id: id,
        wallet_id: 'w',
        user_id: 'u',
        currency: 'USD',
        amount: '1',
        source: 'user',
        order_id: 'o',
        refunded: '0',
      }
    : { refund_id: id, basket_id: 'b', amount: '1' };
  return { status: 200, body: { ...shape, ...posted, ...body, status, reason } };
}
