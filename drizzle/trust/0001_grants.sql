-- Least privilege: movements of money can be added and read, never changed or deleted; a basket or refund only gets its end.
INSERT INTO "trust"."settings" ("only_row") VALUES (true) ON CONFLICT DO NOTHING;
--> statement-breakpoint
GRANT USAGE ON SCHEMA "trust" TO "cashback_trust";
--> statement-breakpoint
GRANT SELECT ON ALL TABLES IN SCHEMA "trust" TO "cashback_trust";
--> statement-breakpoint
GRANT INSERT ON "trust"."baskets", "trust"."refunds", "trust"."wallets", "trust"."wallet_movements", "trust"."callbacks" TO "cashback_trust";
--> statement-breakpoint
GRANT UPDATE ("status", "reason") ON "trust"."baskets", "trust"."refunds" TO "cashback_trust";
--> statement-breakpoint
GRANT UPDATE ("balance", "sequence", "updated_at") ON "trust"."wallets" TO "cashback_trust";
--> statement-breakpoint
GRANT UPDATE ("latency_ms", "answer_delay_ms", "failure_share", "lost_answer_share", "refusal_share", "duplicate_callback_share", "reorder_callback_share")
  ON "trust"."settings" TO "cashback_trust";
--> statement-breakpoint
GRANT UPDATE ("attempts", "last_error", "next_attempt_at"), DELETE ON "trust"."callbacks" TO "cashback_trust";
