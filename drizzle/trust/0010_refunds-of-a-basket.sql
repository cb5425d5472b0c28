CREATE INDEX CONCURRENTLY "refunds_of_basket" ON "trust"."refunds" USING btree ("basket_id","created_at","refund_id");--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "trust"."refunds_basket";
