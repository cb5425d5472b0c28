import PQueue from 'p-queue';
import { Api } from './api.ts';
import { startCallbackListener } from './callback-listener.ts';
import type { Guarantee } from './guarantee.ts';
import { GUARANTEES, SUMMARY } from './guarantees/index.ts';
import { Harness, type HarnessOptions } from './harness.ts';
import { createTrustControl } from './trust-control.ts';
import { NotShown, type Verdict } from './verdict.ts';

export interface ConformanceOptions extends HarnessOptions {
  url: string;
  token: string;
  /** How long one call may take. */
  timeout_ms: number;
  /** Ids of the guarantees to check; all when absent. */
  only?: readonly string[];
  trust?: { url: string; token: string };
  callbacks?: { host: string; port: number; invoice_secret: string; operation_secret: string };
}

export interface Finding {
  id: string;
  title: string;
  verdict: Verdict;
  detail: string;
}

export interface ConformanceReport {
  url: string;
  held: number;
  broken: number;
  not_shown: number;
  guarantees: Finding[];
  seconds: number;
}

/** No verdict is possible: the implementation does not answer, or refuses the token. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

const CONCURRENCY = 4;

/** Checks every guarantee, with invoices of its own. Throws `CannotRun`. */
export async function runConformance(
  options: ConformanceOptions,
  onFinding: (finding: Finding) => void = () => {},
): Promise<ConformanceReport> {
  const started = performance.now();
  const { url, token, timeout_ms, only } = options;
  const chosen = choose(only);
  const api = new Api(url, token, timeout_ms);
  await assertAnswers(api, options);
  const trust =
    options.trust === undefined
      ? null
      : createTrustControl(options.trust.url, options.trust.token, timeout_ms);
  const callbacks = options.callbacks === undefined ? null : await startCallbackListener(options.callbacks);
  try {
    const harness = new Harness(api, options, { trust, callbacks });
    const findings = new Map<string, Finding>();
    const check = async (guarantee: Guarantee): Promise<void> => {
      const finding = await checkGuarantee(guarantee, harness);
      findings.set(guarantee.id, finding);
      onFinding(finding);
    };
    const queue = new PQueue({ concurrency: CONCURRENCY });
    const concurrent = chosen.filter((one) => one.exclusive === undefined && one !== SUMMARY);
    await queue.addAll(concurrent.map((one) => () => check(one)));
    for (const one of chosen.filter(({ exclusive }) => exclusive)) await check(one);
    if (chosen.includes(SUMMARY)) await check(SUMMARY);
    const guarantees = chosen.flatMap(({ id }) => findings.get(id) ?? []);
    const count = (verdict: Verdict): number => guarantees.filter((one) => one.verdict === verdict).length;
    return {
      url,
      held: count('held'),
      broken: count('broken'),
      not_shown: count('not shown'),
      guarantees,
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
  } finally {
    await trust?.close();
    await callbacks?.stop();
  }
}

function choose(only: readonly string[] | undefined): readonly Guarantee[] {
  if (only === undefined) return GUARANTEES;
  const unknown = only.filter((id) => !GUARANTEES.some((one) => one.id === id));
  if (unknown.length > 0) {
    throw new CannotRun(
      `there is no guarantee ${unknown.join(', ')}; the guarantees are T1 to T${GUARANTEES.length}`,
    );
  }
  return GUARANTEES.filter(({ id }) => only.includes(id));
}

/** Makes one call that every implementation answers for an accepted token. */
async function assertAnswers(api: Api, { url }: ConformanceOptions): Promise<void> {
  const { status, code } = await api
    .call('retrieve', { invoice_id: 'conformance' })
    .catch((error: unknown) => {
      throw new CannotRun(`${url} cannot be called: ${(error as Error).message}`);
    });
  if (status === 401 || status === 403) {
    throw new CannotRun(
      `${url} refuses the token (${status} ${code ?? ''}): it needs the scopes invoices, invoices.read and cashback.update`,
    );
  }
  if (status !== 200 && code !== 'INVOICE_NOT_FOUND') {
    throw new CannotRun(
      `${url} answers ${status} ${code ?? 'without a code'} to /v2/invoice/retrieve: is it a transactions API?`,
    );
  }
}

async function checkGuarantee({ id, title, check }: Guarantee, harness: Harness): Promise<Finding> {
  try {
    return { id, title, verdict: 'held', detail: await check(harness) };
  } catch (error) {
    const verdict = error instanceof NotShown ? 'not shown' : 'broken';
    return { id, title, verdict, detail: error instanceof Error ? error.message : String(error) };
  }
}
