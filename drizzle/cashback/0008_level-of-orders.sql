ALTER TABLE "cashback"."operations" ADD COLUMN "cashback_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "cashback_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "attention_code" text;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "attention_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "attention_details" jsonb;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "waited_ms" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "answered_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "order_clears_attention" ON "cashback"."order_clears" USING btree ("attention_code","attention_since") WHERE "cashback"."order_clears"."attention" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "order_clears_parked" ON "cashback"."order_clears" USING btree ("next_charge_at") WHERE "cashback"."order_clears"."attention" IS NOT NULL AND "cashback"."order_clears"."poll_at" IS NULL;--> statement-breakpoint
GRANT UPDATE ("cashback_epoch", "attention_code", "attention_since", "attention_details", "waited_ms", "answered_at", "unsettled_since")
  ON "cashback"."order_clears" TO "cashback_worker";--> statement-breakpoint
GRANT UPDATE ("attention_code", "attention_since", "attention_details", "waited_ms", "answered_at") ON "cashback"."order_clears" TO "cashback_server";
