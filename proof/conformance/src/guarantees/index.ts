import type { Guarantee } from '../guarantee.ts';
import { access, form } from './access.ts';
import { changeIds } from './change-ids.ts';
import { concurrency } from './concurrency.ts';
import { callbacks } from './callbacks.ts';
import { cashbackFeed } from './cashback-feed.ts';
import { feed } from './feed.ts';
import { history } from './history.ts';
import { invoices } from './invoices.ts';
import { lookup } from './lookup.ts';
import { money } from './money.ts';
import { operations } from './operations.ts';
import { owed } from './owed.ts';
import { payee } from './payee.ts';
import { restore } from './restore.ts';

/** In the order of their numbers. */
export const GUARANTEES: readonly Guarantee[] = [
  ...access,
  form,
  ...invoices,
  ...feed,
  ...operations,
  ...lookup,
  ...concurrency,
  ...callbacks,
  ...money,
  ...restore,
  ...cashbackFeed,
  ...changeIds,
  ...owed,
  ...payee,
  ...history,
];

/** Checked after all others, because it covers the answers of the whole run. */
export const SUMMARY: Guarantee = form;
