import { runApp } from '@cashback/service';
import { startProcessing } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'processing',
  description:
    'Calculates what orders should carry whenever their invoices change, and registers it at the server.',
  settings: settingsSchema,
  env,
  start: startProcessing,
});
