ALTER TABLE "cashback"."order_clears" ADD COLUMN "cashback_version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
GRANT UPDATE ("cashback_version") ON "cashback"."order_clears" TO "cashback_worker";
