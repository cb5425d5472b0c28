import { serviceField } from '@cashback/contract';
import { WALLET_POLICIES, type WalletPolicy } from '@cashback/wire';
import * as z from 'zod';

const EVERY_OTHER = '*';

/** By service, what its refunds do to a wallet that was spent. */
export const walletPolicies = z.record(
  serviceField.or(z.literal(EVERY_OTHER)),
  z.enum(WALLET_POLICIES, `one of ${WALLET_POLICIES.join(', ')}`),
);
export type WalletPolicies = z.infer<typeof walletPolicies>;

/** The service's own, else that of all others, else a wallet may go below zero. */
export function walletPolicyOf(policies: WalletPolicies, service: string): WalletPolicy {
  for (const name of [service, EVERY_OTHER]) {
    // A service may have the name of a property that every object inherits.
    const policy = Object.hasOwn(policies, name) ? policies[name] : undefined;
    if (policy !== undefined) return policy;
  }
  return 'go_negative';
}
