-- Least privilege: the history of invoices can be added to and read; what an operation asks for and the plan of its
-- steps never change, only how far they have come; a basket's refunds are all that changes of it.
INSERT INTO "transactions"."feed_epochs" ("epoch") VALUES (1) ON CONFLICT DO NOTHING;
--> statement-breakpoint
GRANT USAGE ON SCHEMA "transactions" TO "cashback_transactions";
--> statement-breakpoint
GRANT USAGE ON SEQUENCE "transactions"."invoice_changes" TO "cashback_transactions";
--> statement-breakpoint
GRANT SELECT ON ALL TABLES IN SCHEMA "transactions" TO "cashback_transactions";
--> statement-breakpoint
GRANT INSERT ON "transactions"."invoices", "transactions"."invoice_history", "transactions"."cashback_operations",
  "transactions"."operation_steps", "transactions"."baskets", "transactions"."callbacks" TO "cashback_transactions";
--> statement-breakpoint
GRANT UPDATE ("version", "status", "payments", "cashback_version", "xact_id", "change_id", "epoch", "updated_at")
  ON "transactions"."invoices" TO "cashback_transactions";
--> statement-breakpoint
GRANT UPDATE ("status", "reason", "attempts", "next_look_at", "finished_at")
  ON "transactions"."cashback_operations" TO "cashback_transactions";
--> statement-breakpoint
GRANT UPDATE ("status", "reason", "updated_at") ON "transactions"."operation_steps" TO "cashback_transactions";
--> statement-breakpoint
GRANT UPDATE ("refunded") ON "transactions"."baskets" TO "cashback_transactions";
--> statement-breakpoint
GRANT UPDATE ("attempts", "error", "due_at"), DELETE ON "transactions"."callbacks" TO "cashback_transactions";
