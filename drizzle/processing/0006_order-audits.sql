ALTER TABLE "processing"."invoice_changes" ADD COLUMN "audit_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "audit_step" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "brought_by" text;--> statement-breakpoint
GRANT UPDATE ("audit_at", "audit_step", "brought_by") ON "processing"."invoice_changes" TO "cashback_processing";