import type { WalletBalance } from '@cashback/wire';
import { type Transaction, statement } from '@cashback/postgres';

const notifyPushesStatement = statement<{ pg_notify: '' }>({
  name: 'wallet.notify-pushes',
  text: `
  SELECT pg_notify($1, payload)
  FROM unnest($2::text[]) WITH ORDINALITY AS push (payload, place)
  ORDER BY place`,
  columns: { pg_notify: 'void' },
});

/** Notifies the listeners of a channel of balances, in their order, once the transaction commits. */
export async function notifyPushes(
  { client }: Transaction,
  channel: string,
  pushes: readonly WalletBalance[],
): Promise<void> {
  await notifyPushesStatement.run(client, [channel, pushes.map((push) => JSON.stringify(push))]);
}
