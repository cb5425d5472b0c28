import type { HttpCallError } from '@cashback/service';

const NEVER_LEFT = new Set(['CIRCUIT_OPEN', 'TOO_MANY_WAITING', 'ABORTED', 'CLOSED']);

/** False when the call did not leave, or was given up by us: then it says nothing about its order. */
export function wasSent({ code }: HttpCallError): boolean {
  return !NEVER_LEFT.has(code);
}
