-- Least privilege: events, operations and their outcomes can be added and read, never changed or deleted.
INSERT INTO "cashback"."feed_epochs" ("epoch") VALUES (1) ON CONFLICT DO NOTHING;
--> statement-breakpoint
GRANT USAGE ON SCHEMA "cashback" TO "cashback_server", "cashback_worker";
--> statement-breakpoint
GRANT SELECT ON ALL TABLES IN SCHEMA "cashback" TO "cashback_server";
--> statement-breakpoint
GRANT INSERT ON "cashback"."order_clears", "cashback"."events", "cashback"."order_rates" TO "cashback_server";
--> statement-breakpoint
GRANT UPDATE ("invoice_version", "cleared_sum", "cashback_sum", "revision", "receipt", "attention", "unsettled_since", "next_charge_at", "updated_at")
  ON "cashback"."order_clears" TO "cashback_server";
--> statement-breakpoint
GRANT SELECT ON "cashback"."order_clears", "cashback"."events", "cashback"."operations", "cashback"."operation_outcomes" TO "cashback_worker";
--> statement-breakpoint
-- INSERT on order_clears: locking many rows in one statement is an INSERT .. ON CONFLICT that never inserts.
GRANT INSERT ON "cashback"."order_clears", "cashback"."operations", "cashback"."operation_outcomes" TO "cashback_worker";
--> statement-breakpoint
GRANT UPDATE ("settled_revision", "operation_id", "rewarded", "attention", "next_charge_at", "updated_at")
  ON "cashback"."order_clears" TO "cashback_worker";
