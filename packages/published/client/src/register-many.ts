import type { RegisterInput, RegisterManyOutput, RegisterOutput } from '@cashback/contract';
import { CashbackClientError, refusedCall } from './client-error.ts';
import { pauseMs } from './exchange.ts';
import { pause } from './pause.ts';

/** What `register` would answer for one input, or the error that it would throw. */
export type RegisterManyResult = { result: RegisterOutput } | { error: CashbackClientError };

export interface RegisterManyOptions {
  send: (inputs: RegisterInput[]) => Promise<RegisterManyOutput>;
  /** Further attempts for items that failed because the server was overloaded or without its database. */
  retries: number;
  /** Aborts when the client is closed. */
  closed: AbortSignal;
}

/** The server's limit. */
const MAX_ITEMS = 500;
/** Three quarters of the server's default limit. */
const MAX_BYTES = 786_432;
/** The most that an input has without its receipt. */
const MAX_BYTES_OF_FIELDS = 800;
const RETRIED_CODES = new Set(['OVERLOADED', 'DATABASE_UNAVAILABLE']);

/**
 * Registers the inputs with as many requests as their number and size need, one after another, so that inputs of one
 * order take effect in their order. A failure of items is not thrown: each item has its own result.
 */
export async function registerMany(
  inputs: readonly RegisterInput[],
  options: RegisterManyOptions,
): Promise<RegisterManyResult[]> {
  const results: RegisterManyResult[] = [];
  for (const part of splitInputs(inputs)) results.push(...(await registerPart(part, options)));
  return results;
}

async function registerPart(
  inputs: RegisterInput[],
  options: RegisterManyOptions,
): Promise<RegisterManyResult[]> {
  const results = await sendPart(inputs, options);
  for (let attempt = 0; attempt < options.retries && !options.closed.aborted; attempt++) {
    const again = indexesToRetry(inputs, results);
    if (again.length === 0) break;
    await pause(pauseMs(attempt), options.closed);
    const tried = await sendPart(
      again.map((index) => inputs[index] as RegisterInput),
      options,
    );
    again.forEach((index, place) => (results[index] = tried[place] as RegisterManyResult));
  }
  return results;
}

/** Without items that a later item of their order overtook: an older target must not follow a newer one. */
function indexesToRetry(inputs: RegisterInput[], results: RegisterManyResult[]): number[] {
  const overtaking = new Set<string>();
  const again: number[] = [];
  for (let index = results.length - 1; index >= 0; index--) {
    const result = results[index];
    const orderId = inputs[index]?.order_id;
    if (result === undefined || orderId === undefined) continue;
    if (!('error' in result)) overtaking.add(orderId);
    else if (RETRIED_CODES.has(result.error.code) && !overtaking.has(orderId)) again.unshift(index);
  }
  return again;
}

async function sendPart(
  inputs: RegisterInput[],
  options: RegisterManyOptions,
): Promise<RegisterManyResult[]> {
  try {
    const answers = await options.send(inputs);
    return answers.map((answer): RegisterManyResult => {
      return 'result' in answer ? answer : { error: refusedCall(answer.error) };
    });
  } catch (error) {
    if (!(error instanceof CashbackClientError)) throw error;
    if (error.code !== 'PAYLOAD_TOO_LARGE' || inputs.length === 1) return inputs.map(() => ({ error }));
    const half = Math.ceil(inputs.length / 2);
    const first = await sendPart(inputs.slice(0, half), options);
    return [...first, ...(await sendPart(inputs.slice(half), options))];
  }
}

function splitInputs(inputs: readonly RegisterInput[]): RegisterInput[][] {
  const parts: RegisterInput[][] = [];
  let part: RegisterInput[] = [];
  let bytes = 0;
  for (const input of inputs) {
    const size = MAX_BYTES_OF_FIELDS + sizeOfReceipt(input);
    if (part.length === MAX_ITEMS || (part.length > 0 && bytes + size > MAX_BYTES)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(input);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

function sizeOfReceipt({ receipt }: RegisterInput): number {
  return receipt === undefined ? 0 : Buffer.byteLength(JSON.stringify(receipt));
}
