import { type AmountsBySource, formatAmounts } from '@cashback/contract';
import { type FaultyTcpProxy, startFaultyTcpProxy } from '@cashback/proxies';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type AppProcess, startProcess } from './app-process.ts';
import type { RealTrust } from './real-trust.ts';
import { setUpWithTrust } from './set-up.ts';
import { type TransactionsUnderTest, callApp, newInvoice, newOperation, queryRows } from './support.ts';
import { expectRewarded, expectTrustAgrees } from './trust-agrees.ts';

let app: TransactionsUnderTest;
let trust: RealTrust;
let tearDown: (() => Promise<void>) | undefined;
let wires: Record<'database' | 'trust', FaultyTcpProxy>;
/** What the rows said of the operation at each interruption. */
const caught: string[] = [];

beforeAll(async () => {
  ({ app, trust, tearDown } = await setUpWithTrust({ OVERDUE_AFTER_MS: '200' }));
  wires = {
    database: await startFaultyTcpProxy(app.environment.DATABASE_URL),
    trust: await startFaultyTcpProxy(trust.url),
  };
  // Only the processes work here.
  await app.stop();
});
afterAll(async () => {
  for (const wire of Object.values(wires ?? {})) await wire.stop();
  await tearDown?.();
});
beforeEach(() => {
  caught.length = 0;
});

/** A process that reaches its database and Trust through the wires. */
function startWired(): Promise<AppProcess> {
  return startProcess({
    ...app.environment,
    DATABASE_URL: wires.database.url,
    TRUST_URL: wires.trust.url.replace(/\/$/, ''),
  });
}

/** The `nth` chunk that a process sends over the wire kills it; the chunk still arrives (`delivered`) or never does. */
interface Interruption {
  wire: 'database' | 'trust';
  nth: number;
  delivered: boolean;
}

const delivered = fc.boolean();
const interruption: fc.Arbitrary<Interruption | null> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  {
    weight: 4,
    arbitrary: fc.record({
      wire: fc.constant('trust' as const),
      nth: fc.integer({ min: 1, max: 3 }),
      delivered,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      wire: fc.constant('database' as const),
      nth: fc.integer({ min: 1, max: 45 }),
      delivered,
    }),
  },
);
const amount = fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 1_000_000n }));
const stories = fc.array(
  fc.record({
    target: fc.record({ user: amount, service: amount }),
    /** One after the other: the next one interrupts the recovery from the one before. */
    interruptions: fc.array(interruption, { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Its process is killed with its first request to Trust, which arrives. */
const CAUGHT = [
  {
    target: { user: 10_000n, service: 0n },
    interruptions: [{ wire: 'trust' as const, nth: 1, delivered: true }],
  },
];

type Invoice = ReturnType<typeof newInvoice>;
type Operation = ReturnType<typeof newOperation>;

/**
 * Brings an operation to its end as its sender would: the same body again until it is answered, then questions until
 * it has ended; a process that died meanwhile is started again. Its plan stays as it was first seen.
 */
async function carryOut(
  operation: Operation,
  { process: given, twin }: Players,
  interruptions: (Interruption | null)[],
) {
  let process = given;
  let planned: unknown;
  const queue = [...interruptions];
  for (let attempt = 0; attempt < 20; attempt++) {
    const next = queue.shift() ?? null;
    let killed = false;
    if (next !== null) {
      const { wire, nth, delivered: arrives } = next;
      const then = (): void => {
        killed = true;
        process.kill();
      };
      wires[wire].trip({ nth, delivered: arrives, then });
    }
    const [cashback] = await Promise.all([
      sendUntilEnded(process.url, operation, () => killed),
      twin && alsoSend(twin.url, operation),
    ]);
    for (const wire of Object.values(wires)) wire.trip(null);
    planned = await samePlan(operation.operation_id, planned);
    if (!killed && cashback !== null) return { process, cashback };
    if (!killed) throw new Error('it did not end in time');
    await process.ended;
    caught.push(await stateOf(operation.operation_id));
    process = await startWired();
  }
  throw new Error('more interruptions than were asked for');
}

/** Null when the process was killed before. */
async function sendUntilEnded(url: string, operation: Operation, isKilled: () => boolean) {
  return readUntil(async () => {
    if (isKilled()) return null;
    try {
      const sent = await callApp(url, '/update/cashback', operation);
      if (sent.status !== 200) throw new Error(JSON.stringify(sent.body));
      if (sent.body.status !== 'success' && sent.body.status !== 'failed') return undefined;
      const { body } = await callApp(url, '/v2/invoice/retrieve', { invoice_id: operation.invoice_id });
      return body.cashback;
    } catch (error) {
      if (isKilled()) return null;
      // Cut off a moment before the kill is known.
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  });
}

/** An interruption of the wire may be felt here, too. */
async function alsoSend(url: string, operation: Operation): Promise<void> {
  try {
    const { status, body } = await callApp(url, '/update/cashback', operation);
    if (status !== 200 && status !== 503) throw new Error(JSON.stringify(body));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function samePlan(operationId: string, planned: unknown): Promise<unknown> {
  const steps = await queryRows(
    app.owner,
    `SELECT step_number, kind, source, amount, step_id, basket_id FROM transactions.operation_steps
     WHERE operation_id = $1 ORDER BY step_number`,
    [operationId],
  );
  if (planned !== undefined) expect(steps).toEqual(planned);
  const [operation] = await queryRows(
    app.owner,
    'SELECT FROM transactions.cashback_operations WHERE operation_id = $1',
    [operationId],
  );
  return operation === undefined ? undefined : steps;
}

async function stateOf(operationId: string): Promise<string> {
  const rows = await queryRows(
    app.owner,
    'SELECT status FROM transactions.operation_steps WHERE operation_id = $1 ORDER BY step_number',
    [operationId],
  );
  return rows.map(({ status }) => status).join(' ') || 'not accepted';
}

/** Everything that Trust did for the invoice is a step that was applied, under its id, and nothing else is. */
async function expectOnlySteps({ invoice_id }: Invoice): Promise<void> {
  const done = await queryRows(
    app.owner,
    `SELECT basket_id AS step_id, amount FROM trust.baskets WHERE order_id = $1 AND status = 'success'
     UNION ALL
     SELECT refund_id, refunds.amount FROM trust.refunds JOIN trust.baskets USING (basket_id)
     WHERE order_id = $1 AND refunds.status = 'success'
     ORDER BY step_id`,
    [invoice_id],
  );
  const steps = await queryRows(
    app.owner,
    `SELECT step_id, amount FROM transactions.operation_steps JOIN transactions.cashback_operations USING (operation_id)
     WHERE invoice_id = $1 AND operation_steps.status = 'applied' ORDER BY step_id`,
    [invoice_id],
  );
  expect(done).toEqual(steps);
}

interface Players {
  /** Is killed where an interruption says so, and started again. */
  process: AppProcess;
  /** Works on the same operations, and is sent the same requests. */
  twin: AppProcess | null;
}

async function play(
  { process: given, twin }: Players,
  story: { target: AmountsBySource; interruptions: (Interruption | null)[] }[],
): Promise<AppProcess> {
  let process = given;
  const invoice = newInvoice();
  expect((await callApp(process.url, '/v2/invoice/create', invoice)).status).toBe(200);
  let version = 0;
  for (const { target, interruptions } of [...story, { target: {}, interruptions: [] }]) {
    for (let attempt = 0; ; attempt++) {
      const operation = newOperation(invoice, { version, reward: formatAmounts(target) });
      const ended = await carryOut(operation, { process, twin }, attempt === 0 ? interruptions : []);
      ({ process } = ended);
      const { cashback } = ended;
      expect(cashback.version).toBe(version + 2);
      ({ version } = cashback);
      await expectTrustAgrees(app, invoice, cashback.rewarded);
      if (cashback.status === 'success') {
        expectRewarded(cashback.rewarded, target);
        break;
      }
      expect(cashback.operations[0].reason).toContain('refused by the payment system');
      if (attempt > 50) throw new Error('50 in a row that fail do not happen');
    }
  }
  await expectOnlySteps(invoice);
  return process;
}

test.each([
  ['alone', 3],
  ['beside another process on the same operations', 2],
])(
  'killed at any effect, %s, and started again: the frozen steps go on under their own ids, and every target is reached exactly',
  async (how, numRuns) => {
    await trust.behave({ latency_ms: 5, failure_share: 0.1, lost_answer_share: 0.2, refusal_share: 0.1 });
    const twin = how === 'alone' ? null : await startWired();
    let process = await startWired();
    try {
      await fc.assert(
        fc.asyncProperty(stories, async (story) => {
          process = await play({ process, twin }, story);
        }),
        // The first story is caught for certain. A shrunk one would not meet the same moments again.
        { numRuns, examples: [[CAUGHT]], endOnFailure: true },
      );
    } finally {
      for (const one of [process, twin]) {
        one?.kill();
        await one?.ended;
      }
    }
    expect(caught.length).toBeGreaterThan(0);
  },
);
