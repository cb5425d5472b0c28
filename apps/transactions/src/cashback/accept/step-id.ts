import { createHash } from 'node:crypto';

const MAX_ID_LENGTH = 64;

/**
 * A step's key at Trust, the same whoever computes it. The last dot sets the number off, so no two steps share one;
 * where the operation's id leaves no room, its hash stands for it.
 */
export function stepId(operationId: string, stepNumber: number): string {
  const id = `${operationId}.${stepNumber}`;
  if (id.length <= MAX_ID_LENGTH) return id;
  return `${createHash('sha256').update(operationId).digest('base64url')}.${stepNumber}`;
}
