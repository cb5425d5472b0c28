DROP INDEX "cashback"."events_newest";--> statement-breakpoint
ALTER TABLE "cashback"."events" DROP CONSTRAINT "events_order_id_event_id_pk";--> statement-breakpoint
ALTER TABLE "cashback"."events" ADD CONSTRAINT "events_order_id_source_revision_pk" PRIMARY KEY("order_id","source","revision");