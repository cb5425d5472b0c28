import type { Database } from '../connection/database.ts';
import type { Transaction } from './transaction.ts';

/** Runs one statement: on any connection of the pool, or on the one of an open transaction. */
export type Reader = Database['pool'] | Transaction['client'];
