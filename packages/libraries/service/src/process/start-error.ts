/** The app cannot start for a reason outside of it; the message says what to do, so no stack is printed. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly expected = true;
}
