import type { Command } from 'commander';

/** The apps that commands call, by the beginning of their variables, each with an example of its URL. */
const EXAMPLES = {
  CASHBACK: 'http://127.0.0.1:4100',
  PROCESSING: 'http://127.0.0.1:4102',
  TRANSACTIONS: 'http://127.0.0.1:4103',
} as const;
type Side = keyof typeof EXAMPLES;

/** Where an app is, and a token that it accepts. */
export interface Address {
  url: string;
  token: string;
}

/** Reads `<side>_URL` and `<side>_TOKEN`. Ends the command when one is missing; `scopes` says what the token needs. */
export function requireAddress(command: Command, side: Side, scopes: string): Address {
  return (
    findAddress(command, side, scopes) ?? command.error(`${side}_URL is missing: e.g. ${EXAMPLES[side]}`)
  );
}

/** The same of an app that the command can do without: null when it has no URL. */
export function findAddress(command: Command, side: Side, scopes: string): Address | null {
  const url = read(`${side}_URL`);
  if (url === undefined) return null;
  const token = read(`${side}_TOKEN`);
  return token === undefined
    ? command.error(`${side}_TOKEN is missing: a token with the ${scopes}`)
    : { url, token };
}

function read(name: string): string | undefined {
  return process.env[name] || undefined;
}
