/**
 * Why nothing new is sent or registered for an order until a person has seen to it, or the cause is gone. The list grows:
 * a client that does not know a code treats it as any other need for attention.
 *
 * - `observation_missing`: `transactions` does not know the invoice;
 * - `observation_unreadable`: its answer cannot be read, or is about another invoice;
 * - `observation_stale`: its answers are older than what was seen before;
 * - `payee_differs`: the invoice, or the wallet, belongs to another user, wallet or currency;
 * - `status_contradicts`: the invoice's status and its newest operation's contradict each other;
 * - `moved_by_hand`: the invoice carries a reward that its newest operation did not ask for;
 * - `trust_differs`: the payment system has another basket or refund than an operation asked for;
 * - `operation_stuck`: an operation does not end;
 * - `operation_refused`: a repeat of an operation would be refused again;
 * - `operations_failed`, `operations_without_effect`, `operations_rejected`: too many attempts did not settle the order;
 * - `wallet_forbids_negative`: a refund would take the wallet below zero, and the service forbids that;
 * - `owed`: the wallet had less than was to be taken back, and owes the rest;
 * - `unknown_source`: a source that this release does not know is funded;
 * - `sum_contradicts_events`: the stored sum is not that of the newest events;
 * - `history_lost`: the other side lost operations that cannot be distinguished any more;
 * - `attempts_failed`: attempts at it end with an error, while those at other orders succeed;
 * - `foreign_writer`: something else keeps changing the order's cashback;
 * - `held_by_breaker`: the service's targets grow beyond its bound.
 *
 * Of processing, which gives the first three and `attempts_failed` as well:
 *
 * - `rates_missing`: the order has no rates;
 * - `rates_differ`: its rates are of another service;
 * - `settings_missing`: its service is not in the settings;
 * - `service_answer_unusable`: its service's URL answers, but not with an amount that can be used;
 * - `register_overtaken`: other registers of the order are faster, again and again;
 * - `register_refused`: the server refuses its target;
 * - `not_calculable`: its cashback cannot be calculated.
 */
export const ATTENTION_CODES = [
  'observation_missing',
  'observation_unreadable',
  'observation_stale',
  'payee_differs',
  'status_contradicts',
  'moved_by_hand',
  'trust_differs',
  'operation_stuck',
  'operation_refused',
  'operations_failed',
  'operations_without_effect',
  'operations_rejected',
  'wallet_forbids_negative',
  'owed',
  'unknown_source',
  'sum_contradicts_events',
  'history_lost',
  'attempts_failed',
  'foreign_writer',
  'held_by_breaker',
  'rates_missing',
  'rates_differ',
  'settings_missing',
  'service_answer_unusable',
  'register_overtaken',
  'register_refused',
  'not_calculable',
] as const;
export type AttentionCode = (typeof ATTENTION_CODES)[number];
