-- Least privilege: what billing told and which pushes there are is never rewritten; old callbacks may go.
GRANT USAGE ON SCHEMA "wallet" TO "cashback_wallet";
--> statement-breakpoint
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA "wallet" TO "cashback_wallet";
--> statement-breakpoint
GRANT UPDATE ("user_id", "currency", "balance", "sequence", "updated_at") ON "wallet"."balances" TO "cashback_wallet";
--> statement-breakpoint
GRANT UPDATE ("outcome"), DELETE ON "wallet"."callback_inbox" TO "cashback_wallet";
--> statement-breakpoint
GRANT UPDATE ("delivered_at") ON "wallet"."pushes" TO "cashback_wallet";
