ALTER TABLE "cashback"."events" ADD COLUMN "invoice_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "invoice_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
GRANT UPDATE ("invoice_epoch") ON "cashback"."order_clears" TO "cashback_server";