/** What is captured of an order, one version after another; null: it is cancelled. */
export interface Story {
  order_id: string;
  service: string;
  wallet_id: string;
  captured: { amount: string | null; after_ms: number }[];
}
