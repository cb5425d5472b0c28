ALTER TABLE "cashback"."order_clears" ADD COLUMN "poll_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "order_clears_poll" ON "cashback"."order_clears" USING btree ("poll_at") WHERE "cashback"."order_clears"."poll_at" IS NOT NULL;--> statement-breakpoint
GRANT UPDATE ("poll_at") ON "cashback"."order_clears" TO "cashback_worker";
