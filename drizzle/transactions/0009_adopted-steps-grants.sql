-- What was adopted from Trust can be added to and read; that an invoice was compared is noted on its row.
GRANT SELECT, INSERT ON "transactions"."adopted_steps" TO "cashback_transactions";
--> statement-breakpoint
GRANT UPDATE ("reconciled_epoch") ON "transactions"."invoices" TO "cashback_transactions";
