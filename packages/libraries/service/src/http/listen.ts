import type { HttpServer } from './http-server.ts';
import { StartError } from '../process/start-error.ts';

export interface ListenOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
}

/** Starts to listen and returns the server's URL. Throws `StartError` when the port is taken or not allowed. */
export async function listen(
  server: HttpServer,
  { port, host = '127.0.0.1' }: ListenOptions,
): Promise<string> {
  try {
    await server.listen({ port, host });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new StartError(`port ${port} is taken: stop the other program or set PORT to a free one`);
    }
    if (code === 'EACCES') {
      throw new StartError(`port ${port} is not allowed for this user: set PORT to one above 1023`);
    }
    throw error;
  }
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no address');
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
