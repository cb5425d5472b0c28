import { setTimeout as delay } from 'node:timers/promises';
import { serverAccount } from './account.ts';
import { dataPlace } from './data-place.ts';
import { freePort } from './free-ports.ts';
import { initialise } from './initialise.ts';
import { lockData } from './lock.ts';
import { preparePrograms } from './native.ts';
import { stopLeftoverServer } from './running-server.ts';
import { ServerEndedError, startServer } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

export type EmbeddedPostgres = AsyncDisposable & {
  /** Of the superuser `postgres`, with its password: for this machine only. */
  url: string;
  /** Where the data are: another place than was asked for where the account of Postgres may not enter that one. */
  data_dir: string;
  /** Whether a server of a killed run was still there, and was stopped first. */
  adopted: boolean;
  /** Shuts the server down in order and resolves once it is gone. May be called twice. */
  stop(): Promise<void>;
};

/** Durability stays at Postgres's defaults. */
const baseSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Proofs run several whole systems on one server.
  max_connections: '400',
  logging_collector: 'off',
  log_destination: 'stderr',
};
/** Another process took the free port, or the memory of a killed server is not freed yet. */
const transientErrors = [/Address already in use/i, /pre-existing shared memory block/i];
const startAttempts = 5;
const retryDelayMs = 300;

/**
 * Starts a real Postgres on `data_dir`, which is made when it is missing and kept afterwards, listening on
 * 127.0.0.1 and a free port. It ends with this process, however this process ends. One process at a time may
 * use a `data_dir`; a second one gets an error that names the first.
 */
export async function startEmbeddedPostgres(settings: {
  data_dir: string;
  /** Where the server logs, from its start on; beside the data by default. */
  log_file?: string;
  /** Further server settings, by their names in postgresql.conf. */
  settings?: Record<string, string>;
}): Promise<EmbeddedPostgres> {
  const account = serverAccount();
  const place = dataPlace(settings.data_dir, account);
  const unlock = lockData(place.lock, place.data);
  try {
    const programs = preparePrograms(account);
    const adopted = await stopLeftoverServer(place.data);
    const password = await initialise(programs.initdb, place, account);
    const { server, port } = await startOnFreePort((port) =>
      startServer({
        program: programs.postgres,
        arguments: serverArguments(place.data, port, settings.settings ?? {}),
        data: place.data,
        log: settings.log_file ?? place.log,
        account,
      }),
    );
    const stop = (): Promise<void> => server.stop().finally(unlock);
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      data_dir: place.data,
      adopted,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function startOnFreePort(
  start: (port: number) => Promise<ServerProcess>,
): Promise<{ server: ServerProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { server: await start(port), port };
    } catch (error) {
      const retry =
        error instanceof ServerEndedError && transientErrors.some((pattern) => pattern.test(error.log));
      if (!retry || attempt >= startAttempts) throw error;
      await delay(retryDelayMs * attempt);
    }
  }
}

function serverArguments(data: string, port: number, extra: Record<string, string>): string[] {
  const settings = { ...baseSettings, ...extra, port: String(port) };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
