import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AppProcess, startProcess } from '@cashback/system/app-process';

/** That the server takes on at its connections. */
export const SERVER_ROLE = 'cashback_server';

export interface BenchServer {
  process: AppProcess;
  token: string;
}

const main = fileURLToPath(new URL('../../../../apps/server/src/main.ts', import.meta.url));

/** The server as it is deployed: a process of its own, with its default settings. */
export async function startServer(databaseUrl: string, logFolder: string): Promise<BenchServer> {
  const token = randomBytes(24).toString('base64url');
  mkdirSync(logFolder, { recursive: true });
  const process = await startProcess({
    name: 'server',
    main,
    env: {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      LOG_LEVEL: 'info',
      BEARER_TOKENS: JSON.stringify([{ caller: 'bench', token, scopes: ['register'] }]),
    },
    log_file: path.join(logFolder, 'server.log'),
  });
  return { process, token };
}
