import { randomBytes } from 'node:crypto';

/** The callers of each app, and their scopes there. Every hop has a token of its own. */
const HOPS = {
  'processing>server': ['register', 'order', 'rates.read', 'attention.report'],
  'demo>server': ['register', 'order', 'events', 'rates', 'rates.read', 'attention', 'payee'],
  'processing>transactions': ['invoices.read'],
  'worker>transactions': ['invoices.read', 'cashback.update'],
  'processing>shop': ['cashback'],
  'demo>transactions': ['invoices', 'invoices.read', 'cashback.update'],
  'transactions>trust': ['baskets'],
  'wallet>trust': ['wallets'],
  'demo>trust': ['wallets', 'spend', 'settings', 'baskets'],
  'demo>wallet': ['wallets'],
  'demo>processing': ['attention'],
  'operator>server': ['reconcile'],
  'operator>processing': ['reconcile'],
} as const;

export type Hop = keyof typeof HOPS;

export interface Credentials {
  token(hop: Hop): string;
  /** `BEARER_TOKENS` of an app: the tokens of all its callers. */
  accepted(app: string): string;
  callback_secrets: { invoice: string; operation: string; billing: string };
}

/** New secrets for one run. The processes get them through their environment; they are stored nowhere. */
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
