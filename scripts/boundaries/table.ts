// The architecture: which packages of ours each package may import. Dependencies point one way; an import that is not
// in this table fails the check.
//
//    apps, stand-ins        proof, bench, tools         (start apps as processes, never import their sources)
//          |                       |
//          |                  development               (databases, systems, scenarios, checkers)
//          |                       |
//          +------ libraries ------+
//                      |
//                  published                            (contract, client)

export interface Rule {
  /** Packages that the sources may import. An app is named with the one export of it: `worker/decisions`. */
  src: readonly string[];
  /** Packages that the tests may import as well. */
  tests?: readonly string[];
}

const APP = ['contract', 'wire', 'core', 'postgres', 'service', 'timing'];
const SERVER = ['server/app', 'server/settings'];
const WORKER = ['worker/app', 'worker/settings'];
const TRANSACTIONS = ['transactions/app', 'transactions/settings'];
const PROCESSING = ['processing/app', 'processing/settings'];
const TRUST = ['trust/app', 'trust/settings'];
const DATABASE_TEST = ['testing', 'system'];

/** By the folder of the packages. */
export const GROUPS: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  'packages/published': {
    contract: { src: [] },
    client: { src: ['contract'], tests: ['testing'] },
  },
  'packages/libraries': {
    timing: { src: [] },
    wire: { src: ['contract'] },
    core: { src: ['contract', 'wire'], tests: ['register-model'] },
    postgres: { src: ['timing'], tests: [...DATABASE_TEST, 'proxies'] },
    service: { src: ['timing'], tests: ['testing'] },
    feeds: { src: ['core', 'postgres', 'service'] },
    'cashback-db': { src: ['contract', 'core', 'postgres'], tests: ['testing'] },
  },
  'packages/development': {
    'embedded-postgres': { src: ['postgres', 'timing'] },
    testing: { src: ['embedded-postgres', 'postgres', 'system', 'timing'] },
    invariants: { src: ['contract', 'wire', 'core', 'cashback-db'], tests: ['testing'] },
    proxies: { src: ['embedded-postgres'], tests: ['testing'] },
    'outside-transactions': { src: ['wire', 'postgres', 'testing'] },
    // Owes nothing to what decides in the product.
    'register-model': { src: ['client', 'contract'] },
    // Starts every app as a process of its own.
    system: { src: ['contract', 'wire', 'embedded-postgres', 'postgres'] },
    // Plays and checks a system that runs, through its APIs and its tables.
    scenario: {
      src: ['contract', 'wire', 'core', 'client', 'postgres', 'service', 'invariants', 'system', 'timing'],
    },
  },
  apps: {
    server: {
      src: [...APP, 'cashback-db'],
      tests: [...DATABASE_TEST, 'client', 'invariants', 'proxies', 'register-model'],
    },
    worker: {
      src: [...APP, 'cashback-db', 'feeds'],
      tests: [
        ...DATABASE_TEST,
        'outside-transactions',
        'proxies',
        ...TRANSACTIONS,
        ...TRUST,
        ...SERVER,
        'client',
        // Fills tables with orders as a register, or a change of payee, leaves them.
        'server/register-orders',
        'server/change-payee',
      ],
    },
    // Reaches the server only through the SDK.
    processing: {
      src: [...APP, 'client', 'feeds'],
      tests: [...DATABASE_TEST, ...SERVER, ...TRANSACTIONS, ...TRUST, ...WORKER, 'proxies'],
    },
    transactions: { src: APP, tests: [...DATABASE_TEST, ...TRUST, 'proxies'] },
    wallet: { src: [...APP, 'feeds'], tests: [...DATABASE_TEST, ...TRUST, 'proxies'] },
  },
  'stand-ins': {
    trust: { src: APP, tests: DATABASE_TEST },
  },
  tools: {
    // A caller like any other: stands outside of the system.
    backfill: { src: ['client', 'service/env', 'service/whole-number'], tests: DATABASE_TEST },
    // Loads the tool that its first argument names.
    cashback: {
      src: [
        'backfill',
        'bench',
        'chaos',
        'conformance',
        'demo',
        'failpoints',
        'operator',
        'postgres',
        'scripts',
        'simulation',
      ],
      tests: [...DATABASE_TEST, 'client', 'invariants'],
    },
    // Reads tables of apps that run, begins their epochs, and calls them.
    operator: {
      src: ['cashback-db', 'client', 'contract', 'postgres', 'service', 'transactions/epoch'],
      tests: [...DATABASE_TEST, ...SERVER, ...TRANSACTIONS, ...TRUST, ...PROCESSING, 'proxies'],
    },
    demo: {
      src: [
        'contract',
        'wire',
        'embedded-postgres',
        'postgres/env',
        'service/whole-number',
        'invariants',
        'scenario',
        'system',
      ],
      tests: ['core', 'postgres', 'testing'],
    },
  },
  proof: {
    // Plays the decisions of the apps; none of their processes run here.
    simulation: {
      src: [
        'contract',
        'wire',
        'core',
        'client',
        'feeds',
        'service',
        'cashback-db',
        // The calculation of targets, written a second time.
        'invariants/expected-target',
        'operator/trust-difference',
        'processing/decisions',
        'server/decisions',
        'transactions/decisions',
        'wallet/decisions',
        'worker/decisions',
      ],
    },
    // Starts and plays the system as the demo does, and breaks it meanwhile.
    chaos: {
      src: [
        'client',
        'contract',
        'wire',
        'postgres',
        'service',
        'embedded-postgres',
        'invariants',
        'proxies',
        'register-model',
        'scenario',
        'system',
        'timing',
      ],
    },
    // Starts it, too, and stops its processes one effect at a time.
    failpoints: {
      src: [
        'wire',
        'timing',
        'service/whole-number',
        'embedded-postgres',
        'invariants',
        'proxies',
        'scenario',
        'system',
      ],
      tests: ['client', 'contract', 'postgres', 'testing'],
    },
    // Plays files on the system, and compares.
    cases: {
      src: ['contract', 'wire', 'service', 'scenario', 'timing'],
      tests: ['invariants', 'system', 'testing'],
    },
    // Runs the apps of this release beside what the one before did.
    'rolling-upgrade': {
      src: ['contract', 'postgres'],
      tests: [
        ...DATABASE_TEST,
        'client',
        'outside-transactions',
        'service',
        ...PROCESSING,
        ...SERVER,
        ...TRANSACTIONS,
        ...WORKER,
      ],
    },
    // Knows an implementation only over HTTP.
    conformance: {
      src: ['contract', 'wire', 'service', 'timing'],
      tests: [...DATABASE_TEST, ...TRANSACTIONS, ...TRUST, 'proxies'],
    },
  },
  '.': {
    bench: {
      src: [...APP, 'client', 'cashback-db', 'embedded-postgres', 'system'],
      // A peer of the worker is measured with an invoice of `transactions`.
      tests: ['testing', 'transactions/create-invoice'],
    },
    // Commands of the repository: a check needs no package of ours.
    scripts: { src: ['embedded-postgres', 'timing'] },
  },
};

/** Where a connection may be opened past `connectClient` and `openDatabase`, which set its session up. */
export const OPENS_CONNECTIONS: Readonly<Record<string, string>> = {
  'packages/libraries/postgres/src/connection/database.ts': 'is the one way to open a pool',
  'packages/development/embedded-postgres/test/embedded-postgres.prove.ts':
    'shows a server to a plain client',
  'packages/development/proxies/test/tcp-faults.test.ts': 'shows a proxy to a plain client',
  'proof/failpoints/test/wire.test.ts': 'shows a proxy to a plain client',
  'packages/development/testing/src/test-database.ts': 'creates and drops databases',
  'packages/development/invariants/test/invariants.test.ts': 'plants violations as a superuser',
  'packages/development/scenario/src/open-run-tables.ts': 'reads all schemas as a superuser',
  'tools/demo/test/demo.prove.ts': 'drops what a demo left',
  'tools/demo/test/invariants.prove.ts': 'plants violations as a superuser',
  'proof/chaos/src/killable-postgres.ts': 'sets up a server, and copies it',
  'bench/src/database/with-client.ts': 'measures as a plain client',
  'bench/peers/graphile-worker.ts': 'belongs to the peer',
  'bench/peers/bullmq.ts': 'belongs to the peer',
};

/** Where a file is imported whose name is not in the source. */
export const LOADS_BY_NAME: Readonly<Record<string, string>> = {
  'packages/development/testing/src/check-statements.ts': 'loads every source of the package that it checks',
};
