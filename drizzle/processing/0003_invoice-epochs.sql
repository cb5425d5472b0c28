DROP INDEX "processing"."invoice_changes_open";--> statement-breakpoint
ALTER TABLE "processing"."feed_cursors" ADD COLUMN "epoch" integer;--> statement-breakpoint
ALTER TABLE "processing"."feed_cursors" ADD COLUMN "reads_again" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "processing"."feed_cursors" ADD COLUMN "caught_up_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "seen_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "processed_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "hints" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "answered_hints" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "invoice_changes_due" ON "processing"."invoice_changes" USING btree ("next_look_at") WHERE ("processing"."invoice_changes"."processed_epoch", "processing"."invoice_changes"."processed_version") < ("processing"."invoice_changes"."seen_epoch", "processing"."invoice_changes"."seen_version") OR "processing"."invoice_changes"."asks_again" OR "processing"."invoice_changes"."answered_hints" < "processing"."invoice_changes"."hints";--> statement-breakpoint
GRANT UPDATE ("seen_epoch", "processed_epoch", "hints", "answered_hints") ON "processing"."invoice_changes" TO "cashback_processing";--> statement-breakpoint
GRANT UPDATE ("epoch", "reads_again", "caught_up_at") ON "processing"."feed_cursors" TO "cashback_processing";