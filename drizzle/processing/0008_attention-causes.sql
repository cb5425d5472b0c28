ALTER TABLE "processing"."invoice_changes" ADD COLUMN "attention_code" text;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "attention_details" jsonb;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "attention_since" timestamp (3) with time zone;--> statement-breakpoint
GRANT UPDATE ("attention_code", "attention_details", "attention_since") ON "processing"."invoice_changes" TO "cashback_processing";
