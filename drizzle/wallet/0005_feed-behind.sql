ALTER TABLE "wallet"."feed_cursors" ADD COLUMN "behind_since" timestamp (3) with time zone;--> statement-breakpoint
GRANT UPDATE ("behind_since") ON "wallet"."feed_cursors" TO "cashback_wallet";