/** What orders the states of an invoice. A side that is restored begins a new epoch and issues versions again. */
export interface InvoiceVersion {
  epoch: number;
  version: number;
}

/** Below 0: `left` is older than `right`. */
export function compareVersions(left: InvoiceVersion, right: InvoiceVersion): number {
  return left.epoch - right.epoch || left.version - right.version;
}

export function newerOf(left: InvoiceVersion, right: InvoiceVersion): InvoiceVersion {
  return compareVersions(left, right) < 0 ? right : left;
}

export function describeVersion({ epoch, version }: InvoiceVersion): string {
  return epoch === 1 ? `version ${version}` : `version ${version} of epoch ${epoch}`;
}

/** A side that knows no epochs is in its first one. */
export function versionOf({
  invoice_epoch = 1,
  invoice_version,
}: {
  invoice_epoch?: number | undefined;
  invoice_version: number;
}): InvoiceVersion {
  return { epoch: invoice_epoch, version: invoice_version };
}
