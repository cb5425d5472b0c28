CREATE TABLE "cashback"."payee_changes" (
	"order_id" text COLLATE "C" NOT NULL,
	"revision" integer NOT NULL,
	"from_user_id" text NOT NULL,
	"from_wallet_id" text NOT NULL,
	"to_user_id" text NOT NULL,
	"to_wallet_id" text NOT NULL,
	"caller" text NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payee_changes_order_id_revision_pk" PRIMARY KEY("order_id","revision")
);
--> statement-breakpoint
GRANT SELECT, INSERT ON "cashback"."payee_changes" TO "cashback_server";--> statement-breakpoint
GRANT UPDATE ("user_id", "wallet_id") ON "cashback"."order_clears" TO "cashback_server";
