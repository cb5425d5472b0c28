import { runApp } from '@cashback/service';
import { startTransactions } from './app.ts';
import { env, settingsSchema } from './env.ts';

await runApp({
  name: 'transactions',
  description:
    'Keeps invoices, and moves the cashback that they carry by creating and refunding baskets at Trust.',
  settings: settingsSchema,
  env,
  start: startTransactions,
});
