import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';

export const APPS = ['trust', 'wallet', 'transactions', 'server', 'worker', 'processing'] as const;
export type AppName = (typeof APPS)[number];

/** The ports of `pnpm dev`, and of the shop that stands for a service's own URL. */
export const DEV_PORTS: Readonly<Record<AppName | 'shop', number>> = {
  server: 4100,
  worker: 4101,
  processing: 4102,
  transactions: 4103,
  wallet: 4104,
  trust: 4105,
  shop: 4106,
};

export type Ports = Record<AppName | 'shop', number>;

/** Below those that systems give to outgoing connections: one of them could have the port of an app that starts anew. */
const FREE_PORTS = { from: 10_000, to: 32_000 };
const MOST_TRIES = 200;

/** Ports nobody listens on now. All are held until all are known, so that no two are the same. */
export async function freePorts(): Promise<Ports> {
  const names = [...APPS, 'shop'] as const;
  const servers: Server[] = [];
  try {
    const ports: [string, number][] = [];
    for (const name of names) {
      const server = await holdFreePort();
      servers.push(server);
      ports.push([name, (server.address() as AddressInfo).port]);
    }
    return Object.fromEntries(ports) as Ports;
  } finally {
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
  }
}

async function holdFreePort(): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const server = createServer().listen(randomInt(FREE_PORTS.from, FREE_PORTS.to), '127.0.0.1');
    try {
      await once(server, 'listening');
      return server;
    } catch (error) {
      if (attempt === MOST_TRIES) throw error;
    }
  }
}

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
