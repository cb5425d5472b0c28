GRANT UPDATE ("lost_callback_share", "epoch") ON "trust"."settings" TO "cashback_trust";
