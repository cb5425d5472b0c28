import { type RegisterInput, type RegisterOutput, equalAmounts, parseValues } from '@cashback/contract';
import { type DriftFinder, type EpochVersion, compareVersions } from '@cashback/core';
import { processedVersion } from '../inbox/change.ts';
import { versionOf } from '../inbox/invoice-version.ts';
import type { Attempt } from './attempt-state.ts';
import type { Drift } from './drift.ts';

/** The attempt compares a version again that was processed, and nothing of it was open. */
export function comparesAgain({ change }: Attempt, invoice: EpochVersion): boolean {
  return compareVersions(processedVersion(change), invoice) === 0 && !change.asks_again;
}

/**
 * The drift that an accepted register shows in the order as it was before. The client repeats a register whose answer was
 * lost, and the repeat finds its target `unchanged`: so the target that was read counts, too.
 */
export function driftOfRegister(
  attempt: Attempt,
  input: Pick<RegisterInput, 'invoice_epoch' | 'invoice_version' | 'cashback_by_source'>,
  { outcome }: Pick<RegisterOutput, 'outcome'>,
): Drift[] {
  const invoice = versionOf(input);
  if (!comparesAgain(attempt, invoice)) return [];
  const { order = null } = attempt.known;
  const before = order && { ...versionIn(order), target: order.target };
  const isBehind = before === null || compareVersions(before, invoice) < 0;
  const after = input.cashback_by_source ?? [];
  const differs = before !== null && !equalAmounts(parseValues(before.target), parseValues(after));
  if (!isBehind && !differs && outcome !== 'registered') return [];
  return [
    {
      order_id: attempt.order_id,
      class: isBehind ? 'version_behind' : 'target_differs',
      before,
      after: { ...invoice, target: after },
      found_by: finderOf(attempt),
      healed: true,
    },
  ];
}

/** A row that an earlier release wrote last does not know what brought its order up. */
function finderOf({ change }: Pick<Attempt, 'change'>): DriftFinder {
  return change.brought_by ?? 'job';
}

/** Whether the order's settings are no longer those of CASHBACK_SERVICES. */
export function driftOfSettings(attempt: Attempt): Drift[] {
  const read = attempt.known.invoice;
  if (read === undefined || !('service' in read)) return [];
  const { invoice_epoch: epoch = 1, version } = read.invoice;
  const { frozen_hash = null, current_hash = null } = read.service ?? {};
  if (!comparesAgain(attempt, { epoch, version })) return [];
  if (frozen_hash === null || current_hash === null || frozen_hash === current_hash) return [];
  return [
    {
      order_id: attempt.order_id,
      class: 'settings_differ',
      before: { config_hash: frozen_hash },
      after: { config_hash: current_hash },
      found_by: finderOf(attempt),
      healed: false,
    },
  ];
}

function versionIn({ invoice_epoch = 1, invoice_version = 0 }: StoredVersion): EpochVersion {
  return { epoch: invoice_epoch, version: invoice_version };
}

type StoredVersion = { invoice_epoch?: number | undefined; invoice_version?: number | undefined };
