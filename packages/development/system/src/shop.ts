import { type IncomingMessage, createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { formatAmount, parseAmount } from '@cashback/contract';
import { serviceCashbackInput } from '@cashback/wire';

/** Stands for an outside service with a cashback URL of its own. */
export interface Shop extends AsyncDisposable {
  url: string;
}

/** This shop's cashback: 2 % of the earning base, in whole cents, rounded down. */
export function shopCashback(base: bigint): bigint {
  const cents = (base * 2n) / 100n / 100n;
  return cents * 100n;
}

export async function startShop(port: number, token: string): Promise<Shop> {
  const server = createServer((request, response) => {
    void answer(request, token).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${port}/cashback`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(request: IncomingMessage, token: string): Promise<{ status: number; body: unknown }> {
  if (request.headers.authorization !== `Bearer ${token}`)
    return { status: 401, body: { error: 'unknown token' } };
  try {
    const { base } = serviceCashbackInput.parse(JSON.parse(await text(request)));
    return { status: 200, body: { value: formatAmount(shopCashback(parseAmount(base))) } };
  } catch (error) {
    return { status: 400, body: { error: String(error) } };
  }
}
