import { type EpochVersion, compareVersions } from '@cashback/core';

export function newerOf(left: EpochVersion, right: EpochVersion): EpochVersion {
  return compareVersions(left, right) < 0 ? right : left;
}

export function describeVersion({ epoch, version }: EpochVersion): string {
  return epoch === 1 ? `version ${version}` : `version ${version} of epoch ${epoch}`;
}

/** A side that knows no epochs is in its first one. */
export function versionOf({
  invoice_epoch = 1,
  invoice_version,
}: {
  invoice_epoch?: number | undefined;
  invoice_version: number;
}): EpochVersion {
  return { epoch: invoice_epoch, version: invoice_version };
}
