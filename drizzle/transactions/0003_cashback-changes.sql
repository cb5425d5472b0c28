CREATE TABLE "transactions"."cashback_changes" (
	"epoch" integer NOT NULL,
	"xact_id" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"change_id" bigint DEFAULT nextval('transactions.invoice_changes') NOT NULL,
	"invoice_id" text COLLATE "C" NOT NULL,
	"cashback_version" integer NOT NULL,
	"operation_id" text COLLATE "C",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cashback_changes_epoch_xact_id_change_id_invoice_id_pk" PRIMARY KEY("epoch","xact_id","change_id","invoice_id"),
	CONSTRAINT "cashback_changes_version" CHECK ("transactions"."cashback_changes"."cashback_version" >= 1)
);
