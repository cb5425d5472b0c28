CREATE SCHEMA "wallet";
--> statement-breakpoint
CREATE TABLE "wallet"."balances" (
	"wallet_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"currency" text NOT NULL,
	"balance" numeric(20, 4) NOT NULL,
	"sequence" bigint NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "balances_balance" CHECK ("wallet"."balances"."balance" <> 'NaN'),
	CONSTRAINT "balances_sequence" CHECK ("wallet"."balances"."sequence" >= 1)
);
--> statement-breakpoint
CREATE TABLE "wallet"."callback_inbox" (
	"webhook_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"wallet_id" text COLLATE "C" NOT NULL,
	"balance" numeric(20, 4) NOT NULL,
	"sequence" bigint NOT NULL,
	"cause" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"outcome" text NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "callback_inbox_outcome" CHECK ("wallet"."callback_inbox"."outcome" IN ('adopted', 'superseded'))
);
--> statement-breakpoint
CREATE TABLE "wallet"."pushes" (
	"wallet_id" text COLLATE "C" NOT NULL,
	"sequence" bigint NOT NULL,
	"currency" text NOT NULL,
	"balance" numeric(20, 4) NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	CONSTRAINT "pushes_wallet_id_sequence_pk" PRIMARY KEY("wallet_id","sequence"),
	CONSTRAINT "pushes_balance" CHECK ("wallet"."pushes"."balance" <> 'NaN')
);
--> statement-breakpoint
CREATE INDEX "callback_inbox_received" ON "wallet"."callback_inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "pushes_undelivered" ON "wallet"."pushes" USING btree ("wallet_id","sequence") WHERE "wallet"."pushes"."delivered_at" IS NULL;