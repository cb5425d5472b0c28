import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** What becomes of a piece of what is said: it arrives, it is lost, or it is lost and the connection is reset. */
export type Fate = 'pass' | 'lose' | 'cut';

/** Decides for one connection, piece by piece; without a say everything arrives. */
export interface Watcher {
  toTarget?(piece: Buffer): Fate;
  toCaller?(piece: Buffer): Fate;
}

export interface Relay {
  /** The target's URL, by way of the relay. */
  url: string;
  stop(): Promise<void>;
}

/** A way to the host and port of a URL on which what is said may be lost. `watch` is asked for each new connection. */
export async function startRelay(targetUrl: string, watch: () => Watcher): Promise<Relay> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    const far = connect(Number(target.port), target.hostname);
    const watcher = watch();
    const cut = (): void => {
      caller.resetAndDestroy();
      far.destroy();
    };
    const carry = (from: Socket, to: Socket, fateOf: ((piece: Buffer) => Fate) | undefined): void => {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (piece: Buffer) => {
        const fate = fateOf?.(piece) ?? 'pass';
        if (fate === 'pass') to.write(piece);
        if (fate === 'cut') cut();
      });
    };
    carry(caller, far, watcher.toTarget?.bind(watcher));
    carry(far, caller, watcher.toCaller?.bind(watcher));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
