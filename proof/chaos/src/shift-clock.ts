/** Loaded before an app: shifts its clock, as on a machine that lost its time server. */
import { clockShiftMs as shift_ms } from './env.ts';

const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + shift_ms);
    else super(...(given as [number]));
  }
  static override now(): number {
    return RealDate.now() + shift_ms;
  }
} as DateConstructor;
