import { afterAll, beforeAll } from 'vitest';

/**
 * Starts what the tests of a file share before the first of them, and stops it after the last. Its parts can be named at
 * once, and read from the first hook of the file on:
 *
 *     const { app, upstream } = forTests(() => setUpWithUpstream());
 */
export function forTests<Made extends object & { tearDown(): Promise<unknown> }>(
  start: () => Promise<Made>,
): Omit<Made, 'tearDown'> {
  let made: Made | undefined;
  beforeAll(async () => {
    made = await start();
  });
  afterAll(() => made?.tearDown());

  function partOf(name: string | symbol): object {
    if (made === undefined) throw new Error(`"${String(name)}" is read before the tests begin`);
    return Reflect.get(made, name) as object;
  }
  const named = (name: string | symbol): object =>
    new Proxy(
      {},
      {
        get: (_, key) => Reflect.get(partOf(name), key) as unknown,
        set: (_, key, value) => Reflect.set(partOf(name), key, value),
      },
    );
  return new Proxy({} as Omit<Made, 'tearDown'>, { get: (_, name) => named(name) });
}
