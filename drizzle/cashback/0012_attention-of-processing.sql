CREATE TABLE "cashback"."attention_resumes" (
	"resume_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cashback"."attention_resumes_resume_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"order_id" text COLLATE "C" NOT NULL,
	"origin" text NOT NULL,
	"code" text,
	"reason" text NOT NULL,
	"details" jsonb,
	"since" timestamp (3) with time zone NOT NULL,
	"caller" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cashback"."reported_attention" (
	"order_id" text COLLATE "C" NOT NULL,
	"origin" text NOT NULL,
	"service" text NOT NULL,
	"code" text NOT NULL,
	"reason" text NOT NULL,
	"details" jsonb,
	"since" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"resume_of" timestamp (3) with time zone,
	CONSTRAINT "reported_attention_order_id_origin_pk" PRIMARY KEY("order_id","origin")
);
--> statement-breakpoint
CREATE INDEX "attention_resumes_order" ON "cashback"."attention_resumes" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "reported_attention_since" ON "cashback"."reported_attention" USING btree ("since","order_id");--> statement-breakpoint
-- Least privilege: reports are replaced, resumes can be added and read, never changed or deleted.
GRANT SELECT, INSERT, UPDATE, DELETE ON "cashback"."reported_attention" TO "cashback_server";--> statement-breakpoint
GRANT SELECT, INSERT ON "cashback"."attention_resumes" TO "cashback_server";
