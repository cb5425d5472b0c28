CREATE TABLE "processing"."service_settings" (
	"config_hash" text PRIMARY KEY NOT NULL,
	"settings" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "processing"."invoice_changes" ADD COLUMN "config_hash" text;--> statement-breakpoint
GRANT UPDATE ("config_hash") ON "processing"."invoice_changes" TO "cashback_processing";
--> statement-breakpoint
-- Least privilege: settings that were in force can be added and read, never changed or deleted.
GRANT SELECT, INSERT ON "processing"."service_settings" TO "cashback_processing";
