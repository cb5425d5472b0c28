import type { Command } from 'commander';

/** A command of `cashback`: what the list of commands says, and the command itself, loaded when it is needed. */
export interface Entry {
  name: string;
  /** One line; the command's own description may say more. */
  summary: string;
  load: () => Promise<Command>;
}

/** To add a command: export a function that returns it from the tool's package, and add a line here. */
export const COMMANDS: readonly Entry[] = [
  {
    name: 'demo',
    summary: 'run the whole system on orders, and check every invariant',
    load: async () => (await import('@cashback/demo/command')).demoCommand(),
  },
  {
    name: 'dev',
    summary: 'run every app on fixed ports until Ctrl-C',
    load: async () => (await import('@cashback/demo/dev-command')).devCommand(),
  },
  {
    name: 'migrate',
    summary: 'bring the database at DATABASE_URL up to date',
    load: async () => (await import('@cashback/postgres/migrate-command')).migrateCommand(),
  },
  {
    name: 'backfill',
    summary: 'register many orders from a file',
    load: async () => (await import('@cashback/backfill/command')).backfillCommand(),
  },
  {
    name: 'reconcile-trust',
    summary: "compare Trust's own export with our steps and baskets",
    load: async () => (await import('@cashback/operator/reconcile-trust-command')).reconcileTrustCommand(),
  },
  {
    name: 'reconcile',
    summary: 'compare given orders again, or all that changed since',
    load: async () => (await import('@cashback/operator/reconcile-command')).reconcileCommand(),
  },
  {
    name: 'attention',
    summary: 'list, count and resume orders that need attention',
    load: async () => (await import('@cashback/operator/attention-command')).attentionCommand(),
  },
  {
    name: 'change-payee',
    summary: 'change the user and wallet of an order and its invoice',
    load: async () => (await import('@cashback/operator/change-payee-command')).changePayeeCommand(),
  },
  {
    name: 'epoch',
    summary: 'state that a side was restored, and compare again',
    load: async () => (await import('@cashback/operator/epoch-command')).epochCommand(),
  },
  {
    name: 'conformance',
    summary: 'check an implementation of the transactions API',
    load: async () => (await import('@cashback/conformance/command')).conformanceCommand(),
  },
  {
    name: 'simulate',
    summary: 'run the decisions over a virtual clock, under faults',
    load: async () => (await import('@cashback/simulation/command')).simulateCommand(),
  },
  {
    name: 'failpoints',
    summary: 'kill a process between any two effects of one order',
    load: async () => (await import('@cashback/failpoints/command')).failpointsCommand(),
  },
  {
    name: 'chaos',
    summary: 'run the whole system under load and random faults',
    load: async () => (await import('@cashback/chaos/command')).chaosCommand(),
  },
  {
    name: 'bench',
    summary: 'measure it, and what it is measured against',
    load: async () => (await import('@cashback/bench/command')).benchCommand(),
  },
  {
    name: 'check',
    summary: 'check the code without running it',
    // The checks belong to the repository, not to a package: the only import that leaves its package.
    load: async () => (await import('@cashback/scripts/check')).checkCommand(),
  },
];
