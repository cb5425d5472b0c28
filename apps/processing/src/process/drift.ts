import type { DriftClass, DriftFinder } from '@cashback/core';

/** The classes that processing finds. */
type ProcessingDriftClass = Extract<
  DriftClass,
  'target_differs' | 'version_behind' | 'settings_differ' | 'invoice_missing' | 'payee_differs'
>;

/** A difference that is found although the invoice did not change. */
export interface Drift {
  order_id: string;
  class: ProcessingDriftClass;
  before: object | null;
  after: object | null;
  /** The trigger of the attempt that found it. */
  found_by: DriftFinder;
  /** The register that found it has put it right. */
  healed: boolean;
}

/** The difference that keeps an attempt from an end. It is written down once, as the order begins to need attention. */
export type Obstacle = Pick<Drift, 'class' | 'before' | 'after'>;
