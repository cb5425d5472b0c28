import type { Client } from 'pg';
import { connectionOf } from './connection-settings.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { createConnections } from './connections.ts';
import { prepareSession } from './session.ts';

/**
 * Opens one connection outside any pool, with the session settings that every connection of ours has. Its errors
 * reach the statements that fail by them; the caller ends it.
 */
export async function connectClient(settings: ConnectionSettings, timeoutMs?: number): Promise<Client> {
  const { config, session, timeout_ms, statement_timeout_ms } = connectionOf(settings);
  const limitMs = timeoutMs ?? timeout_ms;
  const connections = createConnections(statement_timeout_ms);
  const client = new connections.Client({ ...config, connectionTimeoutMillis: limitMs });
  // An error event without a listener ends the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await prepareSession(client, session, limitMs);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}
