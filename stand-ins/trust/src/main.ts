import { runApp } from '@cashback/service';
import { startTrust } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'trust',
  description:
    'Stand-in for an outside payment system: baskets, refunds, wallet balances, and billing callbacks.',
  settings: settingsSchema,
  env,
  start: startTrust,
});
