GRANT SELECT ON "cashback"."feed_epochs" TO "cashback_worker";
