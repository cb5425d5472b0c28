// Dependencies point one way. The table below is the architecture; an import that is not in it fails the check.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const APP = ['contract', 'wire', 'core', 'postgres', 'service'];

/** Which packages of ours each one may import from its `src`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  client: ['contract'],
  wire: ['contract'],
  core: ['contract', 'wire'],
  postgres: [],
  service: [],
  'cashback-db': ['contract', 'core', 'postgres'],
  // Knows an implementation only over HTTP.
  conformance: ['contract', 'wire', 'service'],
  'embedded-postgres': ['postgres'],
  testing: ['embedded-postgres', 'postgres'],
  invariants: ['contract', 'wire', 'core'],
  proxies: [],
  // Owes nothing to what decides in the product.
  'register-model': ['client', 'contract'],
  // Starts every app as a process of its own.
  system: ['contract', 'wire', 'embedded-postgres', 'postgres'],
  // Plays and checks a system that runs, through its APIs and its tables.
  scenario: ['contract', 'wire', 'core', 'client', 'service', 'invariants', 'system'],
  server: [...APP, 'cashback-db'],
  worker: [...APP, 'cashback-db'],
  // Reaches the server only through the SDK.
  processing: [...APP, 'client'],
  transactions: APP,
  wallet: APP,
  trust: APP,
  // Stands outside of the system: a caller like any other.
  backfill: ['client'],
  // Loads the tool that its first argument names.
  cashback: ['backfill', 'postgres'],
  demo: ['contract', 'wire', 'invariants', 'scenario', 'system'],
  // Plays the decisions of the apps through; nothing of them runs here.
  simulation: ['contract', 'wire', 'core', 'service', 'cashback-db', 'transactions', 'worker'],
  // Starts and plays the system as the demo does, and breaks it meanwhile.
  chaos: [
    'client',
    'contract',
    'wire',
    'service',
    'embedded-postgres',
    'invariants',
    'proxies',
    'register-model',
    'scenario',
    'system',
  ],
  // Starts it, too, and stops its processes one effect at a time.
  failpoints: ['wire', 'embedded-postgres', 'invariants', 'proxies', 'scenario', 'system'],
  bench: [...APP, 'client', 'cashback-db', 'embedded-postgres', 'system', 'testing'],
};

/** Decisions are pure: no IO, no clock, no environment, no libraries. Subpaths of the contract carry none either. */
const CORE_IMPORTS = /^(\.|@cashback\/contract\/(amount|rate|source)$)/;
const CORE_FORBIDDEN = /\b(process|Date\.now|new Date\(\)|Math\.random|setTimeout|fetch)\b/;
const IMPORT = /^\s*(import|export)\s+(type\s+)?[^'";]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm;
const MAX_LINES = 400;

const problems: string[] = [];
const files = globSync([
  'packages/*/*/src/**/*.ts',
  '{apps,stand-ins,tools,proof}/*/src/**/*.ts',
  'bench/src/**/*.ts',
]);
for (const file of files) {
  const home = file.slice(0, file.indexOf(`${path.sep}src${path.sep}`) + '/src'.length);
  const name = path.basename(path.dirname(home));
  const text = readFileSync(file, 'utf8');
  const allowed = ALLOWED[name];
  if (allowed === undefined) {
    problems.push(`${file}: "${name}" is not in the table of scripts/check-boundaries.ts`);
    continue;
  }
  for (const [, , type, from, bare] of text.matchAll(IMPORT)) {
    const target = from ?? bare ?? '';
    if (target.startsWith('.')) {
      if (!path.join(path.dirname(file), target).startsWith(`${home}${path.sep}`)) {
        problems.push(`${file}: "${target}" leaves its package; import the package by its name`);
      }
    }
    const [, owned] = /^@cashback\/([^/]+)/.exec(target) ?? [];
    if (owned !== undefined && !allowed.includes(owned)) {
      problems.push(
        `${file}: may not import @cashback/${owned}; allowed: ${allowed.join(', ') || 'none of ours'}`,
      );
    }
    if (name === 'core' && type === undefined && !CORE_IMPORTS.test(target)) {
      problems.push(
        `${file}: core imports "${target}"; it may import only its own files and the contract's money`,
      );
    }
  }
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  if (name === 'core' && CORE_FORBIDDEN.test(code)) {
    problems.push(`${file}: core must not reach ${CORE_FORBIDDEN.exec(code)?.[0]}; take it as an argument`);
  }
  if (/process\.env\b/.test(code) && !/(^|\/)(env|.*-cli)\.ts$/.test(file)) {
    problems.push(`${file}: only env.ts reads process.env`);
  }
  const lines = text.split('\n').length;
  if (lines > MAX_LINES) problems.push(`${file}: ${lines} lines; at most ${MAX_LINES}: one idea a file`);
}

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
