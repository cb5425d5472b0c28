// Each number in the prose of the documents is one of the code. A sentence is built from the constant; a number that no
// sentence here has fails the last test.
import { globSync } from 'node:fs';
import { root } from '@cashback/system';
import { describe, expect, test } from 'vitest';
import { readText } from './support/documents.ts';
import { constantOf, proseOf, settingOf, textOf } from './support/numbers.ts';

const postgres = (file: string, name: string) =>
  constantOf(`packages/libraries/postgres/src/${file}.ts`, name);
const service = (file: string, name: string) => constantOf(`packages/libraries/service/src/${file}.ts`, name);
const client = (file: string, name: string) => constantOf(`packages/published/client/src/${file}.ts`, name);
const trust = (file: string, name: string) => constantOf(`packages/libraries/wire/src/${file}.ts`, name);
const seconds = (ms: number): string => `${ms / 1_000} s`;
const many = (count: number): string => count.toLocaleString('en');
const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const word = (count: number): string => WORDS[count] ?? String(count);

/** The only part of a second that the documents have. */
const half = (ms: number): string => (ms === 500 ? 'half second' : seconds(ms));
const AUDITS: Readonly<Record<string, string>> = {
  '1m,1h,1d,7d,30d': 'a minute, an hour, a day, a week',
};
const auditsOf = (app: string): string =>
  AUDITS[textOf(`apps/${app}/src/env.ts`, /\n  audit_distances: [^]*?default: '([^']+)'/)] ??
  'other distances';

const CONNECTIONS = 'connection/connections';
const SETTINGS = 'connection/connection-settings';
const SESSION = 'connection/session';
const LISTEN = 'connection/listen';
const LOCKS = 'packages/libraries/postgres/src/migrations/table-locks.ts';
const ATTENTION = 'packages/libraries/cashback-db/src/queries/attention/attention-rows.ts';
const silent = seconds(postgres(CONNECTIONS, 'silentAfterMs'));
const slack = postgres(CONNECTIONS, 'slackMs');
const stale = `${constantOf(ATTENTION, 'STALE_AFTER_S') / 60} minutes`;
const heals = word(constantOf('packages/libraries/core/src/heals.ts', 'MAX_HEALS'));
const days = (ms: number): string => `${ms / 86_400_000} days`;
const stopWait = seconds(service('process/readiness', 'STOP_WAIT_MS'));
const AMOUNT = 'packages/published/contract/src/amount.ts';
const scale = constantOf(AMOUNT, 'AMOUNT_SCALE');
const heartbeat = postgres('jobs/define-queue', 'heartbeat_seconds');
const page = constantOf('apps/transactions/src/cashback/adopt/listing.ts', 'LISTING_PAGE');

/** Each stands on a line of its own. */
const guarantees = readText('docs/transactions-api.md').match(/^- \*\*T\d+/gm)?.length ?? 0;

/** Sentences with numbers, or their parts, by document. */
const SENTENCES: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    `plays ${many(constantOf('tools/demo/src/input.ts', 'GENERATED'))} orders through the public APIs`,
    'Trust fails a fifth of its calls',
  ],
  'CONTRIBUTING.md': [
    `faults happen in ${word(textOf('proof/chaos/src/fault.ts', /LANES = \[([^\]]*)\]/).split(',').length)} lanes`,
    `For the first ${word(constantOf('proof/chaos/src/run-chaos.ts', 'MAX_HISTORIES'))} orders`,
    `it waits for a lock for ${constantOf(LOCKS, 'wait_ms')} ms`,
    `for some ${word(Math.floor((constantOf(LOCKS, 'attempts') * (constantOf(LOCKS, 'wait_ms') + constantOf(LOCKS, 'pause_ms'))) / 60_000))} minutes`,
  ],
  'docs/convergence.md': [
    `every ${half(constantOf('proof/chaos/src/load/watch-convergence.ts', 'EVERY_MS'))} under`,
  ],
  'docs/guarantees.md': [
    `until ${days(settingOf('worker', 'audit_end_ms'))} after it settled`,
    `is audited for ${days(settingOf('worker', 'audit_end_ms'))}.`,
    `, ${days(settingOf('processing', 'audit_end_ms'))} by default`,
    `returns after ${heartbeat} to ${heartbeat + postgres('jobs/start-jobs', 'superviseSeconds')} seconds`,
  ],
  'docs/health.md': [
    `has waited for an answer for ${silent}`,
    `no answer for ${silent}`,
    `, ${seconds(postgres(SETTINGS, 'defaultStatementTimeoutMs'))}) and ${seconds(slack)}; the connection`,
    `one from the pool | ${seconds(postgres(SETTINGS, 'connectTimeoutMs'))} |`,
    `sent every ${seconds(postgres(LISTEN, 'heartbeatMs'))} | ${seconds(postgres(LISTEN, 'answerTimeoutMs'))} |`,
    `by pg-boss | ${seconds(postgres('jobs/start-jobs', 'statementTimeoutMs') + slack)} |`,
    `, ${seconds(settingOf('server', 'call_timeout_ms'))} |`,
    `any other app serves | ${seconds(service('http/http-server', 'requestTimeout'))} |`,
    `once SIGTERM came | ${stopWait} |`,
    `is gone after ${seconds(postgres(SESSION, 'tcp_user_timeout'))}`,
  ],
  'docs/processing.md': [
    `up to ${word(constantOf('apps/processing/src/process/attempt.ts', 'MAX_ROUNDS'))} rounds`,
    `${days(settingOf('processing', 'audit_end_ms'))}, has passed`,
    `${auditsOf('processing')} and a month by default`,
  ],
  'docs/restore.md': [
    `for ${settingOf('worker', 'cashback_feed_lag_bound_ms') / 1_000} seconds`,
    `at least the minutes since 1970`,
  ],
  'docs/transactions-api.md': [
    `at most ${textOf('packages/libraries/wire/src/invoice.ts', /max\((\d+), 'at most \1 payments'/)} payments with ${trust('invoice', 'MAX_LINES')} items`,
    `are the newest ${constantOf('apps/transactions/src/invoices/shown-invoice.ts', 'SHOWN_OPERATIONS')}, newest`,
    `counted up to ${many(constantOf('apps/transactions/src/cashback/adopt/walk-unadopted.ts', 'COUNTED'))}`,
    `up to ${textOf(AMOUNT, /MAX_AMOUNT: Amount = ([\d_]+)n/).replaceAll('_', '').length - scale} digits and up to ${scale} places`,
    `1 to ${textOf('packages/published/contract/src/wire/fields.ts', /idField = .*\{1,(\d+)\}/)} characters`,
    `more than ${textOf('packages/libraries/service/src/callbacks/callback-signature.ts', /signed more than (\d+) minutes ago/)} minutes off`,
    `the newest ${constantOf('apps/transactions/src/invoices/shown-invoice.ts', 'SHOWN_OPERATIONS')} operations are listed`,
    `at least the minutes since 1970`,
  ],
  'docs/trust.md': [
    `in pages of at most ${page} (`,
    `its first ${trust('trust', 'REFUNDS_LISTED')} refunds`,
    `in pages of at most ${page}; null`,
    `at most ${many(constantOf('apps/transactions/src/cashback/adopt/listing.ts', 'MAX_PAGES'))} pages of one order`,
  ],
  'docs/worker.md': [
    `brought back ${heals} times in a day at most`,
    `after ${heals} heals in a day`,
    `brought back ${heals} times in a day |`,
    `a${textOf('apps/worker/src/schedule/schedule.ts', /ATTENTION_SHARE = 1 \/ (\d+)/) === '8' ? 'n eighth' : ' share'} of what is claimed`,
    `${auditsOf('worker')}, a month, and then a month again`,
    `(${textOf('packages/libraries/core/src/decide-charge.ts', /return (\d \*) max_failures/)} \` + ${textOf('packages/libraries/core/src/decide-charge.ts', /max_failures \+ (\d);/)})`,
    `(${days(settingOf('worker', 'audit_end_ms'))}) after it settled`,
    `counted up to ${many(constantOf('packages/libraries/cashback-db/src/queries/audits/load-audit-lag.ts', 'MAX_COUNTED'))}`,
    `at most ${constantOf('apps/worker/src/schedule/balance-callback.ts', 'PAGE_SIZE')} at a time`,
    `a ${constantOf('apps/worker/src/reconcile/lone-failures.ts', 'SHARE_WITHOUT_NEWS')}th of`,
    `not renewed for ${stale}`,
    `calls in ${word(service('http/circuit', 'WINDOW_MS') / 1_000)} seconds`,
    `running steps end for ${seconds(constantOf('apps/worker/src/app.ts', 'DRAIN_MS'))}`,
    `are waited for ${stopWait} from then on`,
  ],
  'packages/published/client/README.md': [
    `for ${stale})`,
    `| ${client('client', 'DEFAULT_TIMEOUT_MS')} | for one attempt`,
    `| ${client('client', 'DEFAULT_RETRIES')} | further attempts`,
    `backoff of at most ${seconds(client('exchange', 'LONGEST_PAUSE_MS'))}`,
    `up to ${client('register-many', 'MAX_ITEMS')} of`,
    `up to ${client('client', 'MAX_BATCH_SIZE')} of the others`,
    `was changed ${many(constantOf('packages/libraries/core/src/decide-register.ts', 'LAST_REVISION'))} times`,
  ],
  'proof/conformance/README.md': [
    `${word(constantOf('proof/conformance/src/run-conformance.ts', 'CONCURRENCY'))} at a time`,
  ],
};

/** Numbers that are no settings of ours. Other tests hold those of the first group. */
const OTHERS: readonly RegExp[] = [
  new RegExp(`\\b${guarantees} (?:numbered )?guarantees`, 'g'),
  /\((?:\d+, )*\d+\)|\bT\d+\b|invariants 0 to 14 and 17|Invariant \d+|[Vv]iolation of 2 or 3/g,
  /(?:Node|node) \d+(?:\.\d+)?|Postgres 1\d|pnpm 12|OpenAPI 3\.1|ISO \d+|HMAC-SHA256|Apache-2\.0|decision \d+/g,
  // Statuses of HTTP, exit codes and signals.
  /\b[2-5](?:\d\d|xx)\b|\b[Ee]xit code:? (?:is )?0[^.]*|exits with 0[^.]*?1\./g,
  // Examples, and what others define.
  /until step \d lists|refund 10 each|5 are paid[^:]*now 3: the wallet ends at 3|keep the 5 forever|5 paid, target 3, the wallet ends at 3|at least 24 hours|seconds since 1970|base64/g,
  // Versions, sums and shares as such: the first one, none, one more.
  /\b[01]\b|\+1\b/g,
];

const documents = globSync('{README,CONTRIBUTING}.md', { cwd: root })
  .concat(globSync('docs/*.md', { cwd: root }))
  .concat(globSync(['{apps,stand-ins,tools,proof}/*/README.md', 'packages/*/*/README.md'], { cwd: root }))
  // `limits.test.ts` of the server compares it.
  .filter((document) => document !== 'docs/limits.md')
  .toSorted();

describe.each(Object.entries(SENTENCES))('%s', (document, sentences) => {
  const prose = proseOf(readText(document));
  test.each(sentences)('says as the code does: "%s"', (sentence) => {
    expect(prose).toContain(sentence);
  });
});

test.each(documents)('%s has no other number', (document) => {
  let prose = proseOf(readText(document));
  for (const sentence of SENTENCES[document] ?? []) prose = prose.replaceAll(sentence, ' ');
  for (const pattern of OTHERS) prose = prose.replaceAll(pattern, ' ');
  expect([...prose.matchAll(/.{0,40}\d.{0,40}/g)].map(([found]) => found)).toEqual([]);
});
