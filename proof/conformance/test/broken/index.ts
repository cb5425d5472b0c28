import type { BrokenImplementation } from './exchange.ts';
import { feed } from './feed.ts';
import { form } from './form.ts';
import { invoices } from './invoices.ts';
import { lookup } from './lookup.ts';
import { operations } from './operations.ts';
import { restore } from './restore.ts';

/** Every broken implementation that a proxy in front of a real one makes. */
export const BROKEN_IMPLEMENTATIONS: readonly BrokenImplementation[] = [
  ...form,
  ...invoices,
  ...feed,
  ...operations,
  ...lookup,
  ...restore,
];
