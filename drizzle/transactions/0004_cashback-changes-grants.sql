-- The feed of changed cashback can be added to and read.
GRANT SELECT, INSERT ON "transactions"."cashback_changes" TO "cashback_transactions";
