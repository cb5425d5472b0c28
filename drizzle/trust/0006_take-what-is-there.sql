ALTER TABLE "trust"."refunds" DROP CONSTRAINT "refunds_wallet_policy";--> statement-breakpoint
ALTER TABLE "trust"."refunds" ADD COLUMN "taken" numeric(16, 4);--> statement-breakpoint
ALTER TABLE "trust"."refunds" ADD CONSTRAINT "refunds_taken" CHECK ("trust"."refunds"."taken" >= 0 AND "trust"."refunds"."taken" <= "trust"."refunds"."amount");--> statement-breakpoint
ALTER TABLE "trust"."refunds" ADD CONSTRAINT "refunds_wallet_policy" CHECK ("trust"."refunds"."wallet_policy" IN ('go_negative', 'fail', 'take_what_is_there'));--> statement-breakpoint
GRANT UPDATE ("taken") ON "trust"."refunds" TO "cashback_trust";
