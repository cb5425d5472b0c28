CREATE TABLE "processing"."drifts" (
	"drift_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "processing"."drifts_drift_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"order_id" text COLLATE "C" NOT NULL,
	"class" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"found_by" text NOT NULL,
	"healed" boolean NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "drifts_order" ON "processing"."drifts" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "drifts_settings" ON "processing"."drifts" USING btree ("order_id",("after" ->> 'config_hash')) WHERE "processing"."drifts"."class" = 'settings_differ';--> statement-breakpoint
-- Least privilege: drifts can be added and read, never changed or deleted.
GRANT SELECT, INSERT ON "processing"."drifts" TO "cashback_processing";
