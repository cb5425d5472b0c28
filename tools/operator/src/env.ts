/** The login that the command's help asks for. */
export const databaseUrl: string | undefined = read('DATABASE_URL');
/** The URL of the server, and a token that it accepts. */
export const serverUrl: string | undefined = read('CASHBACK_URL');
export const serverToken: string | undefined = read('CASHBACK_TOKEN');
/** The same of processing. */
export const processingUrl: string | undefined = read('PROCESSING_URL');
export const processingToken: string | undefined = read('PROCESSING_TOKEN');
/** The same of transactions. */
export const transactionsUrl: string | undefined = read('TRANSACTIONS_URL');
export const transactionsToken: string | undefined = read('TRANSACTIONS_TOKEN');

function read(name: string): string | undefined {
  return process.env[name] || undefined;
}
