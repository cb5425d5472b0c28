import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/**
 * What happens to one chunk: it is forwarded; it is dropped; or it is dropped and the connection is reset. A hook that
 * writes something else in its place drops it and writes to the connection's sockets itself.
 */
export type ChunkFate = 'forward' | 'drop' | 'reset';

/** Decides for one connection, chunk by chunk. Without a hook every chunk is forwarded. */
export interface TcpHook {
  fromCaller?(chunk: Buffer): ChunkFate;
  fromTarget?(chunk: Buffer): ChunkFate;
  /** The target is gone; by default the caller's side ends too. */
  targetClosed?(): 'end' | 'keep';
  /** Whether its host is gone: then a cut or another target does not reach it. Only `stop` resets it. */
  isGone?(): boolean;
}

/** A caller's connection and the one to the target that stands for it. */
export interface TcpConnection {
  readonly caller: Socket;
  readonly target: Socket;
  /** The caller gets a reset, and the target an end. */
  reset(): void;
}

export interface TcpProxy extends AsyncDisposable {
  /** The target's URL, by way of the proxy. It stays the same whatever the target is. */
  readonly url: string;
  readonly port: number;
  readonly connections: ReadonlySet<TcpConnection>;
  /** Where new connections go; null refuses them. Open connections are reset. */
  setTarget(url: string | null): void;
  /** Resets every connection, and new ones too until `restore`. */
  cut(): void;
  restore(): void;
  stop(): Promise<void>;
}

/** Called for every new connection, before its first chunk. */
export type OnConnection = (connection: TcpConnection) => TcpHook | undefined;

/**
 * Stands between a caller and the host and port of a URL:
 *
 *     caller -- fromCaller(chunk) --> target
 *     caller <-- fromTarget(chunk) -- target
 */
export async function startTcpProxy(targetUrl: string, onConnection?: OnConnection): Promise<TcpProxy> {
  let target: URL | null = new URL(targetUrl);
  let isCut = false;
  const connections = new Set<TcpConnection>();
  const hooks = new WeakMap<TcpConnection, TcpHook>();

  const server = createServer((caller) => {
    caller.on('error', () => {});
    if (target === null || isCut) return void caller.resetAndDestroy();
    const connection = openConnection(caller, target);
    connections.add(connection);
    caller.on('close', () => connections.delete(connection));
    const hook = onConnection?.(connection) ?? {};
    hooks.set(connection, hook);
    forward(connection, hook);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const resetReachable = (): void => {
    for (const connection of connections) {
      if (hooks.get(connection)?.isGone?.() !== true) connection.reset();
    }
  };
  const stop = async (): Promise<void> => {
    for (const connection of connections) connection.reset();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  return {
    url: throughProxy(targetUrl, port),
    port,
    connections,
    setTarget(next) {
      target = next === null ? null : new URL(next);
      resetReachable();
    },
    cut() {
      isCut = true;
      resetReachable();
    },
    restore() {
      isCut = false;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function openConnection(caller: Socket, { hostname, port }: URL): TcpConnection {
  const target = connect(Number(port), hostname);
  target.on('error', () => {});
  for (const socket of [caller, target]) socket.setNoDelay(true);
  return {
    caller,
    target,
    reset() {
      caller.resetAndDestroy();
      target.destroy();
    },
  };
}

function forward(connection: TcpConnection, hook: TcpHook): void {
  const { caller, target } = connection;
  const carry = (from: Socket, to: Socket, decide: ((chunk: Buffer) => ChunkFate) | undefined): void => {
    from.on('data', (chunk: Buffer) => {
      const fate = decide?.(chunk) ?? 'forward';
      if (fate === 'reset') connection.reset();
      if (fate === 'forward' && to.writable) to.write(chunk);
    });
  };
  carry(caller, target, hook.fromCaller?.bind(hook));
  carry(target, caller, hook.fromTarget?.bind(hook));
  caller.on('end', () => target.end());
  caller.on('close', () => target.destroy());
  target.on('close', () => {
    if (hook.targetClosed?.() === 'keep') return;
    // A connection that could not be made is not an end of it.
    if (target.connecting || target.errored) caller.resetAndDestroy();
    else caller.end();
  });
}

function throughProxy(targetUrl: string, port: number): string {
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return targetUrl.endsWith('/') ? url.href : url.href.replace(/\/$/, '');
}
