/**
 * `target_differs`: the order carried another target than its own inputs give.
 * `version_behind`: the order was lost, or of an older version of its invoice than was registered before.
 * `settings_differ`: CASHBACK_SERVICES has changed since the order began, which is never applied to it.
 */
type DriftClass = 'target_differs' | 'version_behind' | 'settings_differ';

/** A difference that is found although the invoice did not change. */
export interface Drift {
  order_id: string;
  class: DriftClass;
  before: object | null;
  after: object | null;
  /** The register that found it has put it right. */
  healed: boolean;
}
