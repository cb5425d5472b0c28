import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { startHttpServer } from '@cashback/testing/http-server';
import type { ServiceCashbackInput } from '@cashback/wire';

export interface ShopAnswer {
  status?: number;
  body: string;
}

/** A shop's own server, outside of the system: says how much the shop gives for an order. */
export interface Shop {
  url: string;
  /** The questions that came in, oldest first, each with its token. */
  questions: (ServiceCashbackInput & { authorization: string | undefined })[];
  /** How it answers from now on; never to answer is a promise that stays pending. */
  answer: (question: ServiceCashbackInput) => ShopAnswer | Promise<ShopAnswer>;
  stop(): Promise<void>;
}

export const gives = (value: string): ShopAnswer => ({ body: JSON.stringify({ value }) });

export async function startShop(): Promise<Shop> {
  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = (await json(request)) as ServiceCashbackInput;
    shop.questions.push({ ...question, authorization: request.headers.authorization });
    const { status = 200, body } = await shop.answer(question);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }
  const { url, stop } = await startHttpServer((request, response) => {
    reply(request, response).catch(() => response.destroy());
  });
  const shop: Shop = {
    url: `${url}/cashback?shop=1`,
    questions: [],
    answer: () => gives('0'),
    stop,
  };
  return shop;
}
