import { runApp } from '@cashback/service';
import { startWallet } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'wallet',
  description: 'Caches the balances that billing reports, and pushes every new one to its listeners.',
  settings: settingsSchema,
  env,
  start: startWallet,
});
