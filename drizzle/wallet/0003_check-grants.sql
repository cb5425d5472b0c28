GRANT UPDATE ("epoch", "checked_at", "check_at", "check_failures", "drift") ON "wallet"."balances" TO "cashback_wallet";
--> statement-breakpoint
GRANT UPDATE ("epoch") ON "wallet"."callback_inbox" TO "cashback_wallet";
