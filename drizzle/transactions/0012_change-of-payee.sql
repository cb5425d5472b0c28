ALTER TABLE "transactions"."baskets" ADD COLUMN "payee_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "transactions"."invoice_history" ADD COLUMN "payee_change" jsonb;--> statement-breakpoint
ALTER TABLE "transactions"."invoices" ADD COLUMN "payee_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
GRANT UPDATE ("user_id", "wallet_id", "payee_version") ON "transactions"."invoices" TO "cashback_transactions";
