import { once } from 'node:events';
import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestHttpServer {
  url: string;
  /** Cuts its connections. */
  stop(): Promise<void>;
}

/** An HTTP server of a test's own, for what none of our apps does. Without a port it takes a free one. */
export async function startHttpServer(listener: RequestListener, port = 0): Promise<TestHttpServer> {
  const server = createServer(listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
