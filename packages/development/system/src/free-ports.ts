import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';

/**
 * Below those that systems give to outgoing connections: else one of them could have the port of somebody who listens
 * there only later, or not all the time, and keep it. Above those that `fetch` refuses.
 */
const FROM = 20_000;
const TO = 32_000;
const MOST_TRIES = 200;

/** As many ports that nobody listens on now, for who must be told of a port before he takes it. No two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  try {
    while (held.length < count) held.push(await holdFreePort());
    return held.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(held.map((server) => once(server.close(), 'close')));
  }
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

async function holdFreePort(): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const server = createServer().listen(randomInt(FROM, TO), '127.0.0.1');
    try {
      await once(server, 'listening');
      return server;
    } catch (error) {
      if (attempt === MOST_TRIES) throw error;
    }
  }
}
