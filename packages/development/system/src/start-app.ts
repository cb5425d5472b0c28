import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { AppName } from './addresses.ts';
import { type AppProcess, startProcess } from './app-process.ts';
import { root } from './root.ts';

/** Starts an app, or the stand-in for Trust, as it is deployed: a process with nothing but this environment. */
export function startApp(
  app: AppName,
  { env, log_folder }: { env: Record<string, string>; log_folder: string },
): Promise<AppProcess> {
  mkdirSync(log_folder, { recursive: true });
  return startProcess({
    name: app,
    main: path.join(root, app === 'trust' ? 'stand-ins' : 'apps', app, 'src', 'main.ts'),
    env,
    log_file: path.join(log_folder, `${app}.log`),
  });
}
