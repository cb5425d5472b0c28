CREATE TABLE "cashback"."drifts" (
	"drift_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cashback"."drifts_drift_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"order_id" text COLLATE "C" NOT NULL,
	"class" text NOT NULL,
	"before" jsonb NOT NULL,
	"after" jsonb NOT NULL,
	"found_by" text NOT NULL,
	"healed" boolean NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "heals" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "healed_since" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "drifts_order" ON "cashback"."drifts" USING btree ("order_id");--> statement-breakpoint
-- Least privilege: drifts can be added and read, never changed or deleted.
GRANT SELECT, INSERT ON "cashback"."drifts" TO "cashback_worker";--> statement-breakpoint
GRANT UPDATE ("heals", "healed_since") ON "cashback"."order_clears" TO "cashback_worker", "cashback_server";
