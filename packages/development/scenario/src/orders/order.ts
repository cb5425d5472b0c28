import type { Amount } from '@cashback/contract';

/** One order to play: what it costs, by item, and how it is paid. */
export interface DemoOrder {
  /** Place in the run, from 1; with `--orders` the line of the file. */
  number: number;
  service: string;
  payment_type: string;
  items: { item_id: string; amount: Amount }[];
}
