/** What orders the states of an invoice or its cashback. A side that is restored begins a new epoch and issues versions again. */
export interface EpochVersion {
  epoch: number;
  version: number;
}

/** Below 0: `left` is older than `right`. An epoch orders before any version. */
export function compareVersions(left: EpochVersion, right: EpochVersion): number {
  return left.epoch - right.epoch || left.version - right.version;
}
