import { runApp } from '@cashback/service';
import { startTrust } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'trust',
  description:
    'Stand-in of an outside payment system: baskets, refunds, wallet balances, and billing that says they changed.',
  settings: settingsSchema,
  env,
  start: startTrust,
});
