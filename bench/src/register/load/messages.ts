import type { IdForm } from '../order-ids.ts';
import type { ServedWay } from '../ways.ts';

/** A span of time, in milliseconds since 1970. */
export interface Window {
  from: number;
  to: number;
}

export interface LoadPlan {
  way: ServedWay;
  url: string;
  token: string;
  form: IdForm;
  warm_up_seconds: number;
}

/** To the load process: first begin with a plan, later end and report the window. */
export type LoadCommand = { plan: LoadPlan } | { end: Window };

/** Figures of the calls that ended inside the window. */
export interface WindowFigures {
  orders: number;
  p50_ms: number;
  p99_ms: number;
}

export interface LoadResult {
  /** Acknowledged orders from the first call to the last. */
  acknowledged: number;
  failed: number;
  /** The first failure. */
  failure: string | null;
  window: WindowFigures;
}
