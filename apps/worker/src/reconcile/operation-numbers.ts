import type { Charge } from '@cashback/cashback-db';
import { type ChargeLimits, attemptsToRead, compareVersions } from '@cashback/core';
import { type OperationContent, isSameContent } from './operation-id.ts';

interface OperationNumbers {
  /** One above the highest that was made from the same cashback; an older release did not number its own. */
  attempt: number;
  /**
   * How many of the same content were made before, which a worker that lost the rows of others counts alike. When the
   * version has more operations than are read it is `attempt`, which is above every count before.
   */
  again: number;
}

export function operationNumbers(
  { operation, ended }: Charge,
  content: OperationContent,
  limits: Pick<ChargeLimits, 'max_failures'>,
): OperationNumbers {
  const made = operation === null ? ended : [...ended, operation];
  const place = placeOf(content);
  const ofVersion = made.filter((one) => compareVersions(placeOf(one), place) === 0);
  const attempt = Math.max(-1, ...ofVersion.map((one) => one.attempt ?? 0)) + 1;
  // Read from the newest version back. The open operation has no end, so it may be one of those that were read.
  const areAllRead =
    ended.length + 1 < attemptsToRead(limits) ||
    ended.some((one) => compareVersions(placeOf(one), place) < 0);
  const again = areAllRead ? ofVersion.filter((one) => isSameContent(one, content)).length : attempt;
  return { attempt, again };
}

function placeOf({ cashback_epoch, version }: Pick<OperationContent, 'cashback_epoch' | 'version'>): {
  epoch: number;
  version: number;
} {
  return { epoch: cashback_epoch, version };
}
