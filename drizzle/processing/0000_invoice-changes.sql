CREATE SCHEMA "processing";
--> statement-breakpoint
CREATE TABLE "processing"."feed_cursors" (
	"feed" text PRIMARY KEY NOT NULL,
	"cursor" text,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "processing"."invoice_changes" (
	"order_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"seen_version" integer NOT NULL,
	"processed_version" integer DEFAULT 0 NOT NULL,
	"asks_again" boolean DEFAULT false NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"waiting_since" timestamp (3) with time zone,
	"attention" text,
	"registered" integer DEFAULT 0 NOT NULL,
	"unchanged" integer DEFAULT 0 NOT NULL,
	"stale" integer DEFAULT 0 NOT NULL,
	"next_look_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoice_changes_seen_version" CHECK ("processing"."invoice_changes"."seen_version" >= 1),
	CONSTRAINT "invoice_changes_processed_version" CHECK ("processing"."invoice_changes"."processed_version" >= 0),
	CONSTRAINT "invoice_changes_failures" CHECK ("processing"."invoice_changes"."failures" >= 0)
);
--> statement-breakpoint
CREATE INDEX "invoice_changes_unfinished" ON "processing"."invoice_changes" USING btree ("next_look_at") WHERE ("processing"."invoice_changes"."processed_version" < "processing"."invoice_changes"."seen_version" OR "processing"."invoice_changes"."asks_again") AND "processing"."invoice_changes"."attention" IS NULL;--> statement-breakpoint
CREATE INDEX "invoice_changes_attention" ON "processing"."invoice_changes" USING btree ("order_id") WHERE "processing"."invoice_changes"."attention" IS NOT NULL;