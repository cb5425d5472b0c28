CREATE TABLE "wallet"."feed_cursors" (
	"feed" text PRIMARY KEY NOT NULL,
	"cursor" text,
	"epoch" bigint,
	"reads_again" boolean DEFAULT true NOT NULL,
	"caught_up_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);

--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("cursor", "epoch", "reads_again", "caught_up_at", "updated_at") ON "wallet"."feed_cursors" TO "cashback_wallet";