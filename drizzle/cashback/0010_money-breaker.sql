CREATE TABLE "cashback"."breaker_releases" (
	"order_id" text COLLATE "C" NOT NULL,
	"revision" integer NOT NULL,
	"caller" text NOT NULL,
	"reason" text NOT NULL,
	"hold" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "breaker_releases_order_id_revision_pk" PRIMARY KEY("order_id","revision")
);
--> statement-breakpoint
CREATE TABLE "cashback"."breaker_windows" (
	"service" text NOT NULL,
	"currency" text NOT NULL,
	"window_start" timestamp (3) with time zone NOT NULL,
	"window_s" integer NOT NULL,
	"growth" numeric(24, 4) NOT NULL,
	CONSTRAINT "breaker_windows_service_currency_pk" PRIMARY KEY("service","currency"),
	CONSTRAINT "breaker_windows_growth" CHECK ("cashback"."breaker_windows"."growth" >= 0 AND "cashback"."breaker_windows"."growth" <> 'NaN')
);
--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "held_revision" integer;--> statement-breakpoint
ALTER TABLE "cashback"."order_clears" ADD COLUMN "hold" jsonb;--> statement-breakpoint
CREATE INDEX "order_clears_held" ON "cashback"."order_clears" USING btree ("order_id") WHERE "cashback"."order_clears"."held_revision" = "cashback"."order_clears"."revision";--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "cashback"."breaker_windows" TO "cashback_server";--> statement-breakpoint
GRANT SELECT, INSERT ON "cashback"."breaker_releases" TO "cashback_server";--> statement-breakpoint
GRANT UPDATE ("held_revision", "hold") ON "cashback"."order_clears" TO "cashback_server";
