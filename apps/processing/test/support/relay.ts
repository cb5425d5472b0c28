import { type Socket, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** An address that stays, whatever becomes of the app behind it. */
export interface Relay {
  url: string;
  /** The port of the app behind it; null while there is none: whoever calls is hung up on. */
  target: number | null;
  stop(): Promise<void>;
}

export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((caller) => {
    keep(caller);
    if (relay.target === null) {
      caller.destroy();
      return;
    }
    const app = connect(relay.target, '127.0.0.1');
    keep(app);
    app.on('close', () => caller.destroy());
    caller.on('close', () => app.destroy());
    caller.pipe(app).pipe(caller);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay: Relay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}
