-- Each request of a step is claimed just before it leaves.
GRANT UPDATE ("attempt") ON "transactions"."operation_steps" TO "cashback_transactions";
