// Which tests face the database, by what they import, and so run on the Postgres that the system has installed as well.
// They are found, not listed: only those that need not run twice are named here, with the reason.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FOLDERS } from './test-folders.ts';

const OF_ANSWERS =
  'is about the answers of an upstream: its statements are those of the other tests of the app';
const OVER_HTTP = 'calls an app over HTTP, whose own tests run';

/** A test file that runs on the embedded server alone, and why that is enough. */
const ONCE: Readonly<Record<string, string>> = {
  'apps/processing/test/service-url.test.ts': OF_ANSWERS,
  'apps/processing/test/unreadable-invoice.test.ts': OF_ANSWERS,
  'apps/transactions/test/openapi.test.ts': 'is about a document and the form of bodies',
  'apps/transactions/test/wallet-policy.test.ts': OF_ANSWERS,
  'apps/worker/test/bad-answers.test.ts': OF_ANSWERS,
  'apps/worker/test/unusable-answers.test.ts': OF_ANSWERS,
  'apps/worker/test/stop.test.ts': 'is about the signals that a process receives',
  'proof/conformance/test/conformance.test.ts': OVER_HTTP,
  'tools/backfill/test/backfill.test.ts': OVER_HTTP,
  'tools/cashback/test/readme.test.ts': OVER_HTTP,
  'tools/operator/test/attention.test.ts': OVER_HTTP,
  'tools/operator/test/change-payee.test.ts': OVER_HTTP,
  'tools/operator/test/reconcile.test.ts': OVER_HTTP,
};

const FACES_DATABASE = /\b(createTestDatabase|checkStatements)\b/;
const IMPORT = /from '(\.{1,2}\/[^']+\.ts)'/g;

/** The test files that face the database, themselves or by a file of their own that they import. */
export function findDatabaseTests(): string[] {
  const files = FOLDERS.flatMap((folder) => globSync(`${folder}/test/**/*.test.ts`)).toSorted();
  const facing = files.filter((file) => faces(file, new Set()));
  const stale = Object.keys(ONCE).filter((file) => !facing.includes(file));
  if (stale.length > 0) {
    throw new Error(`${stale.join(', ')}: there is no such test, or it does not face the database`);
  }
  return facing.filter((file) => ONCE[file] === undefined);
}

function faces(file: string, seen: Set<string>): boolean {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (FACES_DATABASE.test(text)) return true;
  const imported = [...text.matchAll(IMPORT)].map(([, name = '']) => path.join(path.dirname(file), name));
  // The product opens no database by itself: a test gives it one, or a file that supports the test does.
  return imported.filter((name) => name.includes('/test/')).some((name) => faces(name, seen));
}

if (import.meta.main) {
  const found = findDatabaseTests();
  console.log(`${found.length} test files on the system's Postgres, ${Object.keys(ONCE).length} left out`);
  // A change of how tests get a database must not make this find none.
  if (found.length < 80) {
    console.error('expected at least 80');
    process.exitCode = 1;
  }
}
