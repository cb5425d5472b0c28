import { type RealTrust, startRealTrust } from './real-trust.ts';
import { type TransactionsUnderTest, setUpTransactions } from './support.ts';
import { type Upstream, startUpstream } from './upstream.ts';

type Settings = Record<string, string>;

/** The app alone: nothing answers where it expects the payment system. */
export async function setUpAlone(): Promise<{ app: TransactionsUnderTest; tearDown(): Promise<void> }> {
  const app = await setUpTransactions();
  return { app, tearDown: () => app.tearDown() };
}

interface WithUpstream {
  app: TransactionsUnderTest;
  upstream: Upstream;
  tearDown(): Promise<void>;
}

/** The app on a payment system whose every answer the test decides. */
export async function setUpWithUpstream(settings: Settings = {}): Promise<WithUpstream> {
  await using starting = new AsyncDisposableStack();
  const upstream = starting.adopt(await startUpstream(), ({ stop }) => stop());
  const app = await setUpTransactions({ trustUrl: () => upstream.url, settings });
  starting.defer(() => app.tearDown());
  const started = starting.move();
  return { app, upstream, tearDown: () => started.disposeAsync() };
}

interface WithTrust {
  app: TransactionsUnderTest;
  trust: RealTrust;
  tearDown(): Promise<void>;
}

/** The app on the stand-in of the payment system, which behaves well at first. */
export async function setUpWithTrust(settings: Settings = {}): Promise<WithTrust> {
  let trust!: RealTrust;
  const app = await setUpTransactions({
    trustUrl: async (databaseUrl) => {
      trust = await startRealTrust(databaseUrl);
      await trust.behave({});
      return trust.url;
    },
    settings,
  });
  // Both are on one database.
  return { app, trust, tearDown: () => app.tearDown(() => trust.stop()) };
}
