CREATE SCHEMA "trust";
--> statement-breakpoint
CREATE TABLE "trust"."baskets" (
	"basket_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"wallet_id" text COLLATE "C" NOT NULL,
	"user_id" text NOT NULL,
	"currency" text NOT NULL,
	"amount" numeric(16, 4) NOT NULL,
	"source" text NOT NULL,
	"order_id" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "baskets_amount" CHECK ("trust"."baskets"."amount" > 0 AND "trust"."baskets"."amount" <> 'NaN'),
	CONSTRAINT "baskets_status" CHECK ("trust"."baskets"."status" IN ('pending', 'success', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "trust"."callbacks" (
	"callback_id" text PRIMARY KEY NOT NULL,
	"payload" jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "trust"."refunds" (
	"refund_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"basket_id" text COLLATE "C" NOT NULL,
	"wallet_id" text COLLATE "C" NOT NULL,
	"amount" numeric(16, 4) NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "refunds_amount" CHECK ("trust"."refunds"."amount" > 0 AND "trust"."refunds"."amount" <> 'NaN'),
	CONSTRAINT "refunds_status" CHECK ("trust"."refunds"."status" IN ('pending', 'success', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "trust"."settings" (
	"only_row" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"latency_ms" integer DEFAULT 100 NOT NULL,
	"answer_delay_ms" integer DEFAULT 0 NOT NULL,
	"failure_share" double precision DEFAULT 0 NOT NULL,
	"lost_answer_share" double precision DEFAULT 0 NOT NULL,
	"refusal_share" double precision DEFAULT 0 NOT NULL,
	"duplicate_callback_share" double precision DEFAULT 0 NOT NULL,
	"reorder_callback_share" double precision DEFAULT 0 NOT NULL,
	CONSTRAINT "settings_only_row" CHECK ("trust"."settings"."only_row")
);
--> statement-breakpoint
CREATE TABLE "trust"."wallet_movements" (
	"wallet_id" text COLLATE "C" NOT NULL,
	"sequence" bigint NOT NULL,
	"kind" text NOT NULL,
	"amount" numeric(16, 4) NOT NULL,
	"cause" text COLLATE "C" NOT NULL,
	"balance_after" numeric(20, 4) NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "wallet_movements_wallet_id_sequence_pk" PRIMARY KEY("wallet_id","sequence"),
	CONSTRAINT "wallet_movements_amount" CHECK ("trust"."wallet_movements"."amount" > 0 AND "trust"."wallet_movements"."amount" <> 'NaN'),
	CONSTRAINT "wallet_movements_kind" CHECK ("trust"."wallet_movements"."kind" IN ('topup', 'refund', 'spend')),
	CONSTRAINT "wallet_movements_sequence" CHECK ("trust"."wallet_movements"."sequence" >= 1),
	CONSTRAINT "wallet_movements_balance_after" CHECK ("trust"."wallet_movements"."balance_after" <> 'NaN')
);
--> statement-breakpoint
CREATE TABLE "trust"."wallets" (
	"wallet_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"currency" text NOT NULL,
	"balance" numeric(20, 4) DEFAULT '0' NOT NULL,
	"sequence" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "wallets_balance" CHECK ("trust"."wallets"."balance" <> 'NaN'),
	CONSTRAINT "wallets_sequence" CHECK ("trust"."wallets"."sequence" >= 0)
);
--> statement-breakpoint
ALTER TABLE "trust"."refunds" ADD CONSTRAINT "refunds_basket_id_baskets_basket_id_fk" FOREIGN KEY ("basket_id") REFERENCES "trust"."baskets"("basket_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "baskets_pending" ON "trust"."baskets" USING btree ("created_at") WHERE "trust"."baskets"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "callbacks_due" ON "trust"."callbacks" USING btree ("next_attempt_at");--> statement-breakpoint
CREATE INDEX "refunds_basket" ON "trust"."refunds" USING btree ("basket_id");--> statement-breakpoint
CREATE INDEX "refunds_pending" ON "trust"."refunds" USING btree ("created_at") WHERE "trust"."refunds"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "wallet_movements_cause" ON "trust"."wallet_movements" USING btree ("kind","cause");