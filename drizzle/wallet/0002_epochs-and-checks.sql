ALTER TABLE "wallet"."balances" ADD COLUMN "epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "wallet"."balances" ADD COLUMN "checked_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "wallet"."balances" ADD COLUMN "check_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "wallet"."balances" ADD COLUMN "check_failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "wallet"."balances" ADD COLUMN "drift" text;--> statement-breakpoint
ALTER TABLE "wallet"."callback_inbox" ADD COLUMN "epoch" bigint DEFAULT 1;--> statement-breakpoint
ALTER TABLE "wallet"."pushes" ADD COLUMN "epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "wallet"."pushes" ADD COLUMN "origin" text DEFAULT 'callback' NOT NULL;--> statement-breakpoint
DROP INDEX "wallet"."pushes_undelivered";--> statement-breakpoint
ALTER TABLE "wallet"."pushes" DROP CONSTRAINT "pushes_wallet_id_sequence_pk";--> statement-breakpoint
ALTER TABLE "wallet"."pushes" ADD CONSTRAINT "pushes_wallet_id_epoch_sequence_pk" PRIMARY KEY("wallet_id","epoch","sequence");--> statement-breakpoint
CREATE INDEX "balances_check" ON "wallet"."balances" USING btree ("check_at");--> statement-breakpoint
CREATE INDEX "balances_checked" ON "wallet"."balances" USING btree ("checked_at");--> statement-breakpoint
CREATE INDEX "balances_drifting" ON "wallet"."balances" USING btree ("wallet_id") WHERE "wallet"."balances"."drift" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "pushes_undelivered" ON "wallet"."pushes" USING btree ("wallet_id","epoch","sequence") WHERE "wallet"."pushes"."delivered_at" IS NULL;--> statement-breakpoint
ALTER TABLE "wallet"."balances" ADD CONSTRAINT "balances_epoch" CHECK ("wallet"."balances"."epoch" >= 1);--> statement-breakpoint
ALTER TABLE "wallet"."balances" ADD CONSTRAINT "balances_drift" CHECK ("wallet"."balances"."drift" IN ('behind', 'differs', 'missing'));--> statement-breakpoint
ALTER TABLE "wallet"."pushes" ADD CONSTRAINT "pushes_origin" CHECK ("wallet"."pushes"."origin" IN ('callback', 'check'));