import { runApp } from '@cashback/service';
import { startServer } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'server',
  description: 'Stores the cashback that orders should carry, and queues the jobs that reward it.',
  settings: settingsSchema,
  env,
  start: startServer,
});
