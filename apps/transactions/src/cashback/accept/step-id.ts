import { createHash } from 'node:crypto';

const MAX_ID_LENGTH = 64;

/**
 * A step's key at Trust: the operation's id, a dot and the step's number, so no two steps share one. The hash of the
 * operation's id takes its place where the id is too long.
 */
export function stepId(operationId: string, stepNumber: number): string {
  const id = `${operationId}.${stepNumber}`;
  if (id.length <= MAX_ID_LENGTH) return id;
  return `${createHash('sha256').update(operationId).digest('base64url')}.${stepNumber}`;
}
