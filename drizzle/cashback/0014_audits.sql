ALTER TABLE "cashback"."order_clears" ADD COLUMN "audit_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "audit_step" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "due_by" text;--> statement-breakpoint
GRANT UPDATE ("audit_at", "audit_step", "due_by") ON "cashback"."order_clears" TO "cashback_worker";--> statement-breakpoint
GRANT UPDATE ("due_by") ON "cashback"."order_clears" TO "cashback_server";
