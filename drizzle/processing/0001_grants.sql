-- Least privilege: rows can be added and changed, never deleted, and an order's row stays that order's.
GRANT USAGE ON SCHEMA "processing" TO "cashback_processing";
--> statement-breakpoint
GRANT SELECT, INSERT ON "processing"."invoice_changes", "processing"."feed_cursors" TO "cashback_processing";
--> statement-breakpoint
GRANT UPDATE ("service", "seen_version", "processed_version", "asks_again", "failures", "waiting_since", "attention", "registered", "unchanged", "stale", "next_look_at", "updated_at")
  ON "processing"."invoice_changes" TO "cashback_processing";
--> statement-breakpoint
GRANT UPDATE ("cursor", "updated_at") ON "processing"."feed_cursors" TO "cashback_processing";
