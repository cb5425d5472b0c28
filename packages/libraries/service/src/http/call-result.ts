import { HttpCallError } from './http-call-error.ts';

/** What a call gave: the body of its answer, or the error. */
export type CallResult<Body> = { body: Body } | { error: HttpCallError };

/** Rejects only with what is no `HttpCallError`. */
export async function resultOfCall<Body>(call: Promise<Body>): Promise<CallResult<Body>> {
  try {
    return { body: await call };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    return { error };
  }
}
