CREATE SCHEMA "cashback";
--> statement-breakpoint
CREATE TABLE "cashback"."events" (
	"event_id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "cashback"."events_event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"order_id" text COLLATE "C" NOT NULL,
	"value" numeric(16, 4) NOT NULL,
	"revision" integer NOT NULL,
	"invoice_version" integer NOT NULL,
	"xact_id" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"epoch" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "events_order_id_event_id_pk" PRIMARY KEY("order_id","event_id"),
	CONSTRAINT "events_value" CHECK ("cashback"."events"."value" >= 0 AND "cashback"."events"."value" <> 'NaN')
);
--> statement-breakpoint
CREATE TABLE "cashback"."feed_epochs" (
	"epoch" integer PRIMARY KEY NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cashback"."operation_outcomes" (
	"order_id" text COLLATE "C" NOT NULL,
	"operation_id" text NOT NULL,
	"outcome" text NOT NULL,
	"reason" text,
	"rewarded" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operation_outcomes_order_id_operation_id_pk" PRIMARY KEY("order_id","operation_id")
);
--> statement-breakpoint
CREATE TABLE "cashback"."operations" (
	"order_id" text COLLATE "C" NOT NULL,
	"operation_id" text NOT NULL,
	"revision" integer NOT NULL,
	"version" integer NOT NULL,
	"user_id" text NOT NULL,
	"wallet_id" text NOT NULL,
	"currency" text NOT NULL,
	"reward" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operations_order_id_operation_id_pk" PRIMARY KEY("order_id","operation_id")
);
--> statement-breakpoint
CREATE TABLE "cashback"."order_clears" (
	"order_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"user_id" text NOT NULL,
	"wallet_id" text NOT NULL,
	"currency" text NOT NULL,
	"invoice_version" integer NOT NULL,
	"cleared_sum" numeric(16, 4) NOT NULL,
	"cashback_sum" numeric(16, 4) NOT NULL,
	"revision" integer NOT NULL,
	"receipt" jsonb,
	"settled_revision" integer DEFAULT 0 NOT NULL,
	"operation_id" text,
	"rewarded" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"attention" text,
	"unsettled_since" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"next_charge_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_clears_cleared_sum" CHECK ("cashback"."order_clears"."cleared_sum" >= 0 AND "cashback"."order_clears"."cleared_sum" <> 'NaN'),
	CONSTRAINT "order_clears_cashback_sum" CHECK ("cashback"."order_clears"."cashback_sum" >= 0 AND "cashback"."order_clears"."cashback_sum" <> 'NaN'),
	CONSTRAINT "order_clears_revision" CHECK ("cashback"."order_clears"."revision" >= 1 AND "cashback"."order_clears"."settled_revision" <= "cashback"."order_clears"."revision"),
	CONSTRAINT "order_clears_invoice_version" CHECK ("cashback"."order_clears"."invoice_version" >= 1)
);
--> statement-breakpoint
CREATE TABLE "cashback"."order_rates" (
	"order_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"rates" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "events_feed" ON "cashback"."events" USING btree ("epoch","xact_id","event_id");--> statement-breakpoint
CREATE INDEX "order_clears_unsettled" ON "cashback"."order_clears" USING btree ("next_charge_at") WHERE "cashback"."order_clears"."settled_revision" < "cashback"."order_clears"."revision" AND "cashback"."order_clears"."attention" IS NULL;