ALTER TABLE "cashback"."order_clears" ADD COLUMN "requests" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "answered_requests" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
GRANT UPDATE ("requests", "answered_requests") ON "cashback"."order_clears" TO "cashback_worker";--> statement-breakpoint
GRANT UPDATE ("requests") ON "cashback"."order_clears" TO "cashback_server";