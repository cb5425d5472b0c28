import { runApp } from '@cashback/service';
import { startWorker } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'worker',
  description: 'Drives the payment side until every order is rewarded what it should carry.',
  settings: settingsSchema,
  env,
  start: startWorker,
});
