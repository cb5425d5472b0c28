import { runApp } from '@cashback/service';
import { startWallet } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'wallet',
  description: "Keeps what billing says of wallets' balances, and pushes every new one to those who listen.",
  settings: settingsSchema,
  env,
  start: startWallet,
});
