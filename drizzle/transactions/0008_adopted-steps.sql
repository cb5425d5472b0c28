CREATE TABLE "transactions"."adopted_steps" (
	"step_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"invoice_id" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"basket_id" text COLLATE "C" NOT NULL,
	"amount" numeric(16, 4) NOT NULL,
	"epoch" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "adopted_steps_kind" CHECK ("transactions"."adopted_steps"."kind" IN ('topup', 'refund')),
	CONSTRAINT "adopted_steps_amount" CHECK ("transactions"."adopted_steps"."amount" > 0 AND "transactions"."adopted_steps"."amount" <> 'NaN')
);
--> statement-breakpoint
ALTER TABLE "transactions"."invoices" ADD COLUMN "reconciled_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX "adopted_steps_invoice" ON "transactions"."adopted_steps" USING btree ("invoice_id");