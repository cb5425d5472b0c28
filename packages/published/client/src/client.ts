import type {
  AppRouter,
  AttentionCountInput,
  AttentionCountOutput,
  AttentionListInput,
  AttentionListOutput,
  AttentionReportInput,
  AttentionReportOutput,
  AttentionResumeInput,
  AttentionResumeOutput,
  BreakerListInput,
  BreakerListOutput,
  BreakerReleaseInput,
  BreakerReleaseOutput,
  ChangePayeeInput,
  ChangePayeeOutput,
  ConvergenceInput,
  ConvergenceOutput,
  EventsOutput,
  OrderInput,
  OrderOutput,
  OrderRates,
  RatesGetInput,
  ReconcileInput,
  ReconcileOutput,
  RegisterInput,
  RegisterOutput,
} from '@cashback/contract';
import { TRPCClientError, createTRPCClient, httpBatchLink, httpLink, splitLink } from '@trpc/client';
import { CashbackClientError } from './client-error.ts';
import { createExchange } from './exchange.ts';
import { type FeedOptions, type FeedPage, readFeed } from './feed.ts';
import { type RegisterManyResult, registerMany } from './register-many.ts';
import { createRegisterTogether } from './register-together.ts';
import { toClientError } from './to-client-error.ts';

export interface CashbackClientOptions {
  /** Where the server listens, e.g. `https://cashback.example.com`. */
  url: string;
  /** A bearer token of the server, with the scopes of the calls to make. */
  token: string;
  /** For one attempt; default 10,000. */
  timeout_ms?: number;
  /**
   * Calls made in the same turn share an HTTP request: up to 500 of `register`, up to 50 of the others. Default true.
   */
  batching?: boolean;
  /** Further attempts when no answer arrives or the server is not available; default 3. */
  retries?: number;
}

/** Every call throws `CashbackClientError` and is safe to repeat. */
export interface CashbackClient {
  /** Stores the cashback that an order should carry, by source. Scope `register`. */
  register(input: RegisterInput): Promise<RegisterOutput>;
  /**
   * Registers any number of inputs, up to 500 a request. Each has a result or an error of its own, in its place. Inputs
   * of one order take effect in their order. Scope `register`.
   */
  registerMany(inputs: readonly RegisterInput[]): Promise<RegisterManyResult[]>;
  /** All events of one order, or a page of the feed of all orders after a cursor. Scope `events`. */
  events(input?: { order_id: string } | { after?: string; limit?: number }): Promise<EventsOutput>;
  /** The feed of all orders, page after page. Scope `events`. */
  feed(options?: FeedOptions): AsyncGenerator<FeedPage, void>;
  /** An order: its target, what was rewarded, its operations. Scope `order`. */
  order(input: OrderInput): Promise<OrderOutput>;
  /**
   * Sum of targets - sum of rewarded by service, currency and source, and the parts that it is the sum of, each with its
   * oldest order. Scope `order`.
   */
  convergence(input?: ConvergenceInput): Promise<ConvergenceOutput>;
  /**
   * Has up to 500 given orders, or a page of those that changed since a time, observed and compared with their targets
   * now, in whatever state they are. Pages go on until `after` is null, also after an empty one. Scope `reconcile`.
   */
  reconcile(input: ReconcileInput): Promise<ReconcileOutput>;
  attention: {
    /** Orders that need attention, here and in processing, a page after a cursor, oldest first. Scope `order`. */
    list(input?: Partial<AttentionListInput>): Promise<AttentionListOutput>;
    /** How many they are by service, origin and code, with the oldest of each. Scope `order`. */
    count(input?: AttentionCountInput): Promise<AttentionCountOutput>;
    /**
     * Retries the given orders, or the oldest that a filter finds, as if nothing had gone wrong before. It moves no money
     * by itself. Scope `attention`.
     */
    resume(input: AttentionResumeInput): Promise<AttentionResumeOutput>;
    /** States which orders need attention in another app, and returns those that a person resumed. Scope `attention.report`. */
    report(input: AttentionReportInput): Promise<AttentionReportOutput>;
  };
  /**
   * Changes the user and wallet of an order: the worker takes back what the wallet before got, and rewards the new one. It
   * is repeated under `from` and `to`. The invoice's payee is changed at `transactions`. Scope `payee`.
   */
  changePayee(input: ChangePayeeInput): Promise<ChangePayeeOutput>;
  breaker: {
    /** Orders with a part of their target that is held, a page after a cursor. Scope `order`. */
    list(input?: Partial<BreakerListInput>): Promise<BreakerListOutput>;
    /** Releases them, each at the revision that was listed, and records the reason. Scope `breaker`. */
    release(input: BreakerReleaseInput): Promise<BreakerReleaseOutput>;
  };
  rates: {
    /** Freezes an order's rates. Repeating them is harmless, other rates are refused. Scope `rates`. */
    put(input: OrderRates): Promise<OrderRates>;
    /** Scope `rates.read`. */
    get(input: RatesGetInput): Promise<OrderRates>;
  };
  /** Ends calls in flight: they fail as `UNREACHABLE`, later ones as `CLOSED`. May be called twice. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_RETRIES = 3;
const MAX_BATCH_SIZE = 50;
/** Node's limit for the head of a request is 16 KiB. */
const MAX_URL_LENGTH = 8_000;

/** A typed client of the cashback server. Its connections do not keep the process alive. */
export function createCashbackClient(options: CashbackClientOptions): CashbackClient {
  assertOptions(options);
  const { token, timeout_ms = DEFAULT_TIMEOUT_MS, batching = true, retries = DEFAULT_RETRIES } = options;
  const closing = new AbortController();
  const closed = closing.signal;
  const link = {
    url: `${options.url.replace(/\/+$/, '')}/trpc`,
    headers: { authorization: `Bearer ${token}` },
    fetch: createExchange({ timeout_ms, retries, closed }),
  };
  const trpc = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ path }) => batching && !path.startsWith('register'),
        true: httpBatchLink({ ...link, maxItems: MAX_BATCH_SIZE, maxURLLength: MAX_URL_LENGTH }),
        // Registers are batched by `register_many`.
        false: httpLink(link),
      }),
    ],
  });
  const events: CashbackClient['events'] = (input = {}) => withClientErrors(trpc.events.query(input));

  const sendMany: CashbackClient['registerMany'] = (inputs) =>
    registerMany(inputs, {
      send: (part) => withClientErrors(trpc.register_many.mutate(part)),
      retries,
      closed,
    });
  const register = batching
    ? createRegisterTogether(sendMany)
    : (input: RegisterInput) => trpc.register.mutate(input);

  return {
    register: (input) => withClientErrors(register(input)),
    registerMany: sendMany,
    events,
    feed: (feedOptions = {}) => readFeed({ readPage: events, closed }, feedOptions),
    order: (input) => withClientErrors(trpc.order.query(input)),
    convergence: (input = {}) => withClientErrors(trpc.convergence.query(input)),
    reconcile: (input) => withClientErrors(trpc.reconcile.mutate(input)),
    attention: {
      list: (input = {}) => withClientErrors(trpc.attention.list.query(input)),
      count: (input = {}) => withClientErrors(trpc.attention.count.query(input)),
      resume: (input) => withClientErrors(trpc.attention.resume.mutate(input)),
      report: (input) => withClientErrors(trpc.attention.report.mutate(input)),
    },
    changePayee: (input) => withClientErrors(trpc.change_payee.mutate(input)),
    breaker: {
      list: (input = {}) => withClientErrors(trpc.breaker.list.query(input)),
      release: (input) => withClientErrors(trpc.breaker.release.mutate(input)),
    },
    rates: {
      put: (input) => withClientErrors(trpc.rates.put.mutate(input)),
      get: (input) => withClientErrors(trpc.rates.get.query(input)),
    },
    close: () => closing.abort(new Error('the client was closed')),
  };
}

function assertOptions({ url, token }: CashbackClientOptions): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(`url: expected an http:// or https:// URL of the server, got ${JSON.stringify(url)}`);
  }
  // Not shown: even a malformed token is a secret.
  if (!/^\S+$/.test(token ?? ''))
    throw new TypeError('token: expected a bearer token, not empty and without spaces');
}

/** Each caller gets an error of its own, whose stack leads to it; the calls of a failed batch share one cause. */
async function withClientErrors<Output>(call: Promise<Output>): Promise<Output> {
  try {
    return await call;
  } catch (error) {
    const shared = error instanceof TRPCClientError ? toClientError(error) : error;
    if (!(shared instanceof CashbackClientError)) throw error;
    const { code, message, retryable, details, issues, cause } = shared;
    throw new CashbackClientError(code, message, { retryable, details, issues, cause });
  }
}
