CREATE SCHEMA "transactions";
--> statement-breakpoint
CREATE SEQUENCE "transactions"."invoice_changes" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "transactions"."baskets" (
	"invoice_id" text COLLATE "C" NOT NULL,
	"basket_id" text COLLATE "C" NOT NULL,
	"source" text NOT NULL,
	"amount" numeric(16, 4) NOT NULL,
	"refunded" numeric(16, 4) DEFAULT '0' NOT NULL,
	"version" integer NOT NULL,
	"step_number" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "baskets_invoice_id_basket_id_pk" PRIMARY KEY("invoice_id","basket_id"),
	CONSTRAINT "baskets_source" CHECK ("transactions"."baskets"."source" IN ('user', 'service')),
	CONSTRAINT "baskets_amount" CHECK ("transactions"."baskets"."amount" > 0 AND "transactions"."baskets"."amount" <> 'NaN'),
	CONSTRAINT "baskets_refunded" CHECK ("transactions"."baskets"."refunded" >= 0 AND "transactions"."baskets"."refunded" <= "transactions"."baskets"."amount")
);
--> statement-breakpoint
CREATE TABLE "transactions"."callbacks" (
	"callback_id" text PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"kind" text NOT NULL,
	"payload" jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"due_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "callbacks_kind" CHECK ("transactions"."callbacks"."kind" IN ('invoice.changed', 'operation.finished'))
);
--> statement-breakpoint
CREATE TABLE "transactions"."cashback_operations" (
	"operation_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"invoice_id" text COLLATE "C" NOT NULL,
	"version" integer NOT NULL,
	"user_id" text NOT NULL,
	"wallet_id" text NOT NULL,
	"currency" text NOT NULL,
	"reward" jsonb NOT NULL,
	"status" text NOT NULL,
	"reason" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_look_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "cashback_operations_status" CHECK ("transactions"."cashback_operations"."status" IN ('init', 'in-progress', 'success', 'failed')),
	CONSTRAINT "cashback_operations_finished" CHECK (("transactions"."cashback_operations"."finished_at" IS NOT NULL) = ("transactions"."cashback_operations"."status" IN ('success', 'failed')))
);
--> statement-breakpoint
CREATE TABLE "transactions"."feed_epochs" (
	"epoch" integer PRIMARY KEY NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "transactions"."invoice_history" (
	"invoice_id" text COLLATE "C" NOT NULL,
	"version" integer NOT NULL,
	"status" text NOT NULL,
	"payments" jsonb NOT NULL,
	"captured_sum" numeric(20, 4) NOT NULL,
	"changed_by" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoice_history_invoice_id_version_pk" PRIMARY KEY("invoice_id","version"),
	CONSTRAINT "invoice_history_captured_sum" CHECK ("transactions"."invoice_history"."captured_sum" >= 0 AND "transactions"."invoice_history"."captured_sum" <> 'NaN')
);
--> statement-breakpoint
CREATE TABLE "transactions"."invoices" (
	"invoice_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"service" text NOT NULL,
	"user_id" text NOT NULL,
	"wallet_id" text NOT NULL,
	"currency" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"status" text NOT NULL,
	"payments" jsonb NOT NULL,
	"cashback_version" integer DEFAULT 0 NOT NULL,
	"xact_id" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"change_id" bigint DEFAULT nextval('transactions.invoice_changes') NOT NULL,
	"epoch" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoices_status" CHECK ("transactions"."invoices"."status" IN ('held', 'cleared', 'cancelled')),
	CONSTRAINT "invoices_version" CHECK ("transactions"."invoices"."version" >= 1 AND "transactions"."invoices"."cashback_version" >= 0)
);
--> statement-breakpoint
CREATE TABLE "transactions"."operation_steps" (
	"operation_id" text COLLATE "C" NOT NULL,
	"step_number" integer NOT NULL,
	"kind" text NOT NULL,
	"source" text NOT NULL,
	"amount" numeric(16, 4) NOT NULL,
	"step_id" text COLLATE "C" NOT NULL,
	"basket_id" text COLLATE "C" NOT NULL,
	"status" text DEFAULT 'planned' NOT NULL,
	"reason" text,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operation_steps_operation_id_step_number_pk" PRIMARY KEY("operation_id","step_number"),
	CONSTRAINT "operation_steps_kind" CHECK ("transactions"."operation_steps"."kind" IN ('topup', 'refund')),
	CONSTRAINT "operation_steps_source" CHECK ("transactions"."operation_steps"."source" IN ('user', 'service')),
	CONSTRAINT "operation_steps_amount" CHECK ("transactions"."operation_steps"."amount" > 0 AND "transactions"."operation_steps"."amount" <> 'NaN'),
	CONSTRAINT "operation_steps_status" CHECK ("transactions"."operation_steps"."status" IN ('planned', 'sent', 'pending', 'applied', 'refused', 'skipped')),
	CONSTRAINT "operation_steps_basket" CHECK ("transactions"."operation_steps"."kind" = 'refund' OR "transactions"."operation_steps"."basket_id" = "transactions"."operation_steps"."step_id")
);
--> statement-breakpoint
CREATE INDEX "callbacks_due" ON "transactions"."callbacks" USING btree ("kind","due_at");--> statement-breakpoint
CREATE INDEX "callbacks_age" ON "transactions"."callbacks" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "cashback_operations_newest" ON "transactions"."cashback_operations" USING btree ("invoice_id","version" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "cashback_operations_unfinished" ON "transactions"."cashback_operations" USING btree ("invoice_id") WHERE "transactions"."cashback_operations"."status" IN ('init', 'in-progress');--> statement-breakpoint
CREATE INDEX "cashback_operations_overdue" ON "transactions"."cashback_operations" USING btree ("next_look_at") WHERE "transactions"."cashback_operations"."status" IN ('init', 'in-progress');--> statement-breakpoint
CREATE INDEX "invoices_feed" ON "transactions"."invoices" USING btree ("epoch","xact_id","change_id");