/** Codes of Node's sockets and of Postgres that say "not reachable now", as opposed to "your statement is wrong". */
const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '53300', // too many connections
  '57P01', // terminated by an administrator
  '57P02', // crash of another backend
  '57P03', // starting up or shutting down
  '57P05', // idle session timeout
  '25P03', // idle in transaction timeout
]);
const unavailableMessages = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client has encountered a connection error',
];
const maxCauses = 8;
const lockNotAvailable = '55P03';

/** Another transaction held the lock for longer than a statement may wait. */
export function isLockTimeout(error: unknown): boolean {
  return errorCode(error) === lockNotAvailable;
}

/** The code of the error or of the cause that drizzle and others wrapped: a SQLSTATE or a system error's. */
export function errorCode(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return undefined;
}

/** True when the database could not be reached or hung up: the same call may succeed later. */
export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined && (unavailableCodes.has(code) || code.startsWith('08'))) return true;
  return causes(error).some((cause) =>
    unavailableMessages.some((message) => cause.message.includes(message)),
  );
}

/** What the database said, under what drizzle and others wrapped around it. */
export function rootMessage(error: unknown): string {
  return causes(error).at(-1)?.message ?? asError(error).message;
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let cause = error; cause instanceof Error && found.length < maxCauses; cause = cause.cause) {
    found.push(cause);
    if (cause instanceof AggregateError) found.push(...cause.errors.filter((each) => each instanceof Error));
  }
  return found;
}
