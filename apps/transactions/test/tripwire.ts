import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** The moment of an interruption: what was sent as the `nth` from now on arrives (`delivered`) or never does. */
export interface Trip {
  nth: number;
  delivered: boolean;
}

/**
 * Stands between a process and what it calls, counting what it sends. What is on its way when the wire is tripped is
 * delivered or not, as it would be when the process died a moment later or a moment earlier.
 */
export async function startTripwire(target: { host: string; port: number }) {
  let armed: (Trip & { trip: () => void }) | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      if (armed !== null && --armed.nth === 0) {
        const { delivered, trip } = armed;
        armed = null;
        trip();
        if (delivered) upstream.end(chunk);
        else upstream.destroy();
        return;
      }
      if (upstream.writable) upstream.write(chunk);
    });
    client.on('end', () => upstream.end());
    client.on('close', () => upstream.end());
    upstream.on('data', (chunk) => client.writable && client.write(chunk));
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    arm(trip: Trip, tripped: () => void): void {
      armed = { ...trip, trip: tripped };
    },
    disarm(): void {
      armed = null;
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export type Tripwire = Awaited<ReturnType<typeof startTripwire>>;
