CREATE INDEX "invoice_changes_open" ON "processing"."invoice_changes" USING btree ("next_look_at") WHERE "processing"."invoice_changes"."processed_version" < "processing"."invoice_changes"."seen_version" OR "processing"."invoice_changes"."asks_again";--> statement-breakpoint
DROP INDEX "processing"."invoice_changes_unfinished";
