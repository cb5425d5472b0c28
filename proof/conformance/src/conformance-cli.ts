import { wholeNumber } from '@cashback/service/whole-number';
import { Command, InvalidArgumentError, Option } from 'commander';
import { printReport } from './print-report.ts';
import { CannotRun, type ConformanceOptions, runConformance } from './run-conformance.ts';

interface Options {
  url: string;
  token: string;
  readerToken?: string;
  trustUrl?: string;
  trustToken?: string;
  callbackHost: string;
  callbackPort?: number;
  invoiceSecret?: string;
  operationSecret?: string;
  service: string;
  owingService?: string;
  currency: string;
  userId?: string;
  walletId?: string;
  timeoutMs: number;
  settleMs: number;
  only?: string[];
  json?: true;
}

export function conformanceCommand(): Command {
  return (
    new Command('conformance')
      .description(
        'Check an implementation of docs/transactions-api.md against each of its guarantees, over HTTP alone',
      )
      .requiredOption('--url <url>', 'the URL of the implementation', httpUrl)
      .addOption(
        new Option('--token <token>', 'bearer token with the scopes invoices, invoices.read, cashback.update')
          .env('CONFORMANCE_TOKEN')
          .makeOptionMandatory(),
      )
      .addOption(
        new Option('--reader-token <token>', 'bearer token with the scope invoices.read alone').env(
          'CONFORMANCE_READER_TOKEN',
        ),
      )
      .option('--trust-url <url>', 'the stand-in for the payment system behind it, to read wallets', httpUrl)
      .addOption(
        new Option(
          '--trust-token <token>',
          'bearer token of the stand-in, with the scopes wallets, settings, spend',
        ).env('CONFORMANCE_TRUST_TOKEN'),
      )
      .option(
        '--callback-port <port>',
        'the port the implementation sends its callbacks to: /callbacks/invoice and /callbacks/operation',
        wholeNumber(1, 65_535),
      )
      .option('--callback-host <host>', 'the address to listen on for callbacks', '127.0.0.1')
      .addOption(
        new Option('--invoice-secret <secret>', 'signs the callbacks of invoices').env(
          'CONFORMANCE_INVOICE_SECRET',
        ),
      )
      .addOption(
        new Option('--operation-secret <secret>', 'signs the callbacks of operations').env(
          'CONFORMANCE_OPERATION_SECRET',
        ),
      )
      .option('--service <name>', 'the service of the invoices it creates', 'conformance')
      .option(
        '--owing-service <name>',
        'a service whose refunds take what is there, to show what a wallet owes',
      )
      .option('--currency <code>', 'the currency of the invoices', 'USD')
      .option('--user-id <id>', 'the user of the invoices; a new one for each when absent')
      .option('--wallet-id <id>', 'the wallet of the invoices; a new one for each when absent')
      .option('--timeout-ms <ms>', 'how long a call may take', wholeNumber(100, 600_000), 10_000)
      .option(
        '--settle-ms <ms>',
        'how long an operation or a callback may take',
        wholeNumber(100, 3_600_000),
        30_000,
      )
      .option('--only <ids>', 'check only these guarantees, e.g. T23,T24', (ids: string) => ids.split(','))
      .option('--json', 'print the report as JSON')
      .addHelpText(
        'after',
        `
It creates invoices and moves their cashback: run it against a test system. With --trust-url it also changes the settings
of the payment system for a while, and restores them.
Exit code: 0 no guarantee is broken; 1 at least one is; 2 the check could not run.`,
      )
      // A command line that commander refuses could not run either.
      .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
      .action(async (options: Options) => {
        process.exitCode = await run(options);
      })
  );
}

if (import.meta.main) await conformanceCommand().parseAsync();

async function run(options: Options): Promise<number> {
  try {
    const report = await runConformance(toConformanceOptions(options), ({ id, verdict }) => {
      if (options.json !== true && process.stderr.isTTY) process.stderr.write(`${id} ${verdict}\n`);
    });
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report));
    return report.broken === 0 ? 0 : 1;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`conformance: ${reason}\n`);
    if (!(error instanceof CannotRun) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return 2;
  }
}

function toConformanceOptions(options: Options): ConformanceOptions {
  const { url, token, service, owingService, currency, userId, walletId, readerToken, only } = options;
  const { trustUrl, trustToken, callbackHost: host, callbackPort, invoiceSecret, operationSecret } = options;
  const trust =
    trustUrl === undefined || trustToken === undefined ? null : { url: trustUrl, token: trustToken };
  if (trust === null && (trustUrl ?? trustToken) !== undefined) {
    throw new CannotRun('--trust-url and --trust-token must be given together');
  }
  const callbacks =
    callbackPort === undefined || invoiceSecret === undefined || operationSecret === undefined
      ? null
      : { host, port: callbackPort, invoice_secret: invoiceSecret, operation_secret: operationSecret };
  if (callbacks === null && (callbackPort ?? invoiceSecret ?? operationSecret) !== undefined) {
    throw new CannotRun('--callback-port, --invoice-secret and --operation-secret must be given together');
  }
  return {
    url,
    token,
    service,
    currency,
    timeout_ms: options.timeoutMs,
    settle_ms: options.settleMs,
    ...(owingService !== undefined && { owing_service: owingService }),
    ...(userId !== undefined && { user_id: userId }),
    ...(walletId !== undefined && { wallet_id: walletId }),
    ...(readerToken !== undefined && { reader_token: readerToken }),
    ...(only !== undefined && { only }),
    ...(trust !== null && { trust }),
    ...(callbacks !== null && { callbacks }),
  };
}

function httpUrl(text: string): string {
  const parsed = URL.parse(text);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return text;
  throw new InvalidArgumentError('Expected an http:// or https:// URL.');
}
