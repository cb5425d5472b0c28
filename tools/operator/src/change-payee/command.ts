import { createCashbackClient } from '@cashback/client';
import { createHttpClient } from '@cashback/service';
import { requireAddress } from '@cashback/service/env';
import { Command } from 'commander';
import { changePayee } from './change-payee.ts';

interface Options {
  userId: string;
  walletId: string;
  reason: string;
  json?: true;
}

const TIMEOUT_MS = 30_000;

export function changePayeeCommand(): Command {
  return new Command('change-payee')
    .description('Changes the user and wallet of an order and of its invoice, as when users are merged.')
    .argument('<order_id>', 'the order')
    .requiredOption('--user-id <id>', 'the new user')
    .requiredOption('--wallet-id <id>', 'the new wallet')
    .requiredOption('--reason <text>', 'why; kept on both sides')
    .option('--json', 'print the report as a line of JSON')
    .addHelpText(
      'after',
      `
CASHBACK_URL is the URL of the server, CASHBACK_TOKEN a token with the scopes order and payee.
TRANSACTIONS_URL and TRANSACTIONS_TOKEN are those of transactions, with the scopes invoices and invoices.read.
It is safe to repeat. The worker then takes back what the wallet before got, and rewards the new one.
Exit code: 0 both sides have the new payee; 1 stopped before the end.`,
    )
    .action(async (orderId: string, options: Options, command: Command) => {
      process.exitCode = await run(orderId, options, command);
    });
}

if (import.meta.main) await changePayeeCommand().parseAsync();

async function run(orderId: string, options: Options, command: Command): Promise<number> {
  const { userId: user_id, walletId: wallet_id, reason, json } = options;
  const serverAddress = requireAddress(command, 'CASHBACK', 'scopes order and payee');
  const { url: base_url, token } = requireAddress(
    command,
    'TRANSACTIONS',
    'scopes invoices and invoices.read',
  );
  const server = createCashbackClient({ ...serverAddress, timeout_ms: TIMEOUT_MS });
  const transactions = createHttpClient({
    name: 'transactions',
    base_url,
    token,
    timeout_ms: TIMEOUT_MS,
  });
  try {
    const report = await changePayee(orderId, { user_id, wallet_id }, reason, { server, transactions });
    const { from, revision, invoice_version } = report;
    console.log(
      json === true
        ? JSON.stringify(report)
        : `${orderId}: user ${from.user_id}, wallet ${from.wallet_id} -> user ${user_id}, wallet ${wallet_id}; ` +
            `revision ${revision}, invoice version ${invoice_version}`,
    );
    return 0;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`change-payee: stopped before the end, repeat it: ${why}`);
    return 1;
  } finally {
    server.close();
    await transactions.close();
  }
}
