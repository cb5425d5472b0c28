import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type CashbackServices, type RegisterInput, createRouter } from '@cashback/contract';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';

export const TOKEN = 'token-of-the-test';

export interface TestServer {
  url: string;
  /** One entry for each HTTP request that came, e.g. `POST /trpc/register,register?batch=1`. */
  requests: string[];
  stop(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server of the test's own, for what a cashback server should not do. */
export async function startHttpServer(handler: Handler): Promise<TestServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const ALL_SCOPES = new Set(['register', 'events', 'order', 'rates', 'rates.read']);

async function unexpected(): Promise<never> {
  throw new Error('the test expects no such call');
}
const NO_SERVICES: CashbackServices = {
  register: unexpected,
  registerMany: unexpected,
  events: unexpected,
  order: unexpected,
  convergence: unexpected,
  reconcile: unexpected,
  listAttention: unexpected,
  countAttention: unexpected,
  resumeAttention: unexpected,
  reportAttention: unexpected,
  changePayee: unexpected,
  listHeld: unexpected,
  releaseHeld: unexpected,
  putRates: unexpected,
  getRates: unexpected,
};

/** The contract's router over the functions that a test gives; `register` stands for `registerMany` too. */
export function routerHandler(given: Partial<CashbackServices>): Handler {
  const { register = unexpected } = given;
  const services: CashbackServices = {
    ...NO_SERVICES,
    registerMany: (inputs) => Promise.allSettled(inputs.map((input) => register(input))),
    ...given,
  };
  const router = createRouter({
    describeIssues: (error) =>
      error.issues.map(({ path, message }) => ({
        path: path.join('.'),
        expected: message,
        received: 'something else',
        message: `${path.join('.')}: expected ${message}`,
      })),
  });
  return createHTTPHandler({
    router,
    basePath: '/trpc/',
    createContext: ({ req }) => ({
      services,
      scopes: req.headers.authorization === `Bearer ${TOKEN}` ? ALL_SCOPES : undefined,
      reportFault: () => {},
    }),
  });
}

export function registerInput(order_id: string): RegisterInput {
  return {
    order_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: '100',
    cashback_sum: '5',
  };
}
