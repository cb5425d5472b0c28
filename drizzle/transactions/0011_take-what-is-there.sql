-- NOT VALID: the rows of before satisfy the narrower rule, so no scan holds up writers.
ALTER TABLE "transactions"."cashback_operations" DROP CONSTRAINT "cashback_operations_wallet_policy";--> statement-breakpoint
ALTER TABLE "transactions"."operation_steps" ADD COLUMN "taken" numeric(16, 4);--> statement-breakpoint
ALTER TABLE "transactions"."cashback_operations" ADD CONSTRAINT "cashback_operations_wallet_policy" CHECK ("transactions"."cashback_operations"."wallet_policy" IN ('go_negative', 'fail', 'take_what_is_there')) NOT VALID;--> statement-breakpoint
ALTER TABLE "transactions"."operation_steps" ADD CONSTRAINT "operation_steps_taken" CHECK ("transactions"."operation_steps"."taken" >= 0 AND "transactions"."operation_steps"."taken" <= "transactions"."operation_steps"."amount") NOT VALID;--> statement-breakpoint
GRANT UPDATE ("taken") ON "transactions"."operation_steps" TO "cashback_transactions";
