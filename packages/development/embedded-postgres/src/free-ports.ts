import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';

/**
 * Below the range of outgoing connections, where one could take the port of a server that listens there only later, or
 * not all the time. Above the ports that `fetch` refuses.
 */
const FROM = 20_000;
const TO = 32_000;
const MAX_TRIES = 200;

/** Different ports that nothing listens on now, for servers whose port must be known before they start. */
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
      if (attempt === MAX_TRIES) throw error;
    }
  }
}
