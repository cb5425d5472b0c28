ALTER TABLE "trust"."settings" ADD COLUMN "lost_callback_share" double precision DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "trust"."settings" ADD COLUMN "epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "trust"."settings" ADD CONSTRAINT "settings_epoch" CHECK ("trust"."settings"."epoch" >= 1);