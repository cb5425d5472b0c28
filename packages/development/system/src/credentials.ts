import { randomBytes } from 'node:crypto';

/** Who calls whom, and what it may do there. Every hop has a token of its own. */
const HOPS = {
  'processing>server': ['register', 'order', 'rates.read'],
  'demo>server': ['register', 'order', 'events', 'rates', 'rates.read'],
  'processing>transactions': ['invoices.read'],
  'worker>transactions': ['invoices.read', 'cashback.update'],
  'processing>shop': ['cashback'],
  'demo>transactions': ['invoices', 'invoices.read', 'cashback.update'],
  'transactions>trust': ['baskets'],
  'demo>trust': ['wallets', 'spend', 'settings', 'baskets'],
  'demo>wallet': ['wallets'],
  'demo>processing': ['attention'],
} as const;

export type Hop = keyof typeof HOPS;

export interface Credentials {
  token(hop: Hop): string;
  /** `BEARER_TOKENS` of an app: the tokens of all who call it. */
  accepted(app: string): string;
  callback_secrets: { invoice: string; operation: string; billing: string };
}

/** Fresh secrets for one run; they are handed to the processes through their environment and kept nowhere. */
export function createCredentials(): Credentials {
  const tokens = new Map(Object.keys(HOPS).map((hop) => [hop, randomBytes(24).toString('base64url')]));
  const token = (hop: Hop) => tokens.get(hop) ?? '';
  const secret = () => `whsec_${randomBytes(32).toString('base64')}`;
  return {
    token,
    accepted: (app) =>
      JSON.stringify(
        Object.entries(HOPS).flatMap(([hop, scopes]) => {
          const [caller, callee] = hop.split('>');
          return callee === app ? [{ caller, token: token(hop as Hop), scopes }] : [];
        }),
      ),
    callback_secrets: { invoice: secret(), operation: secret(), billing: secret() },
  };
}
