CREATE TABLE "cashback"."feed_cursors" (
	"feed" text PRIMARY KEY NOT NULL,
	"cursor" text,
	"epoch" integer,
	"reads_again" boolean DEFAULT false NOT NULL,
	"caught_up_at" timestamp (3) with time zone,
	"observe_since" timestamp (3) with time zone,
	"observed_to" text COLLATE "C" DEFAULT '' NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "cashback"."feed_cursors" TO "cashback_worker";--> statement-breakpoint
GRANT SELECT ON "cashback"."feed_cursors" TO "cashback_server";--> statement-breakpoint
GRANT UPDATE ("poll_at") ON "cashback"."order_clears" TO "cashback_server";
