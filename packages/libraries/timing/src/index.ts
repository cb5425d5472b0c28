export { withTimeout } from './with-timeout.ts';
export { WaitTimeoutError, readUntil, untilEqual, waitUntil } from './wait-until.ts';
