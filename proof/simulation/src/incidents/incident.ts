import type { Owner } from './owners.ts';

/** What happens to a run beside the faults. */
export type Incident =
  /** The owner's tables are as they were some time ago. */
  | `rewind_${Owner}`
  /** Transactions is as it was some time ago, and Trust has no list of its baskets. */
  | 'unlisted_trust'
  /** A process does not run for longer than every bound, and others restart meanwhile. */
  | 'outage'
  /** Two workers and two instances of processing, which end and stall each on its own. */
  | 'second_sender'
  /** Transactions answers from replicas that lag, also before the invoice was created. */
  | 'lagging_replica'
  /** Something else changes the cashback of each order once. */
  | 'foreign_writer'
  /** Something else changes it again and again, more often than an order is healed in a day. */
  | 'lasting_writer'
  /** Transactions offers no feed of changed cashback. */
  | 'no_cashback_feed'
  /** The release before this one runs beside it, and does not know the source that this one brought. */
  | 'newer_release'
  /** The customer spends the wallets, and refunds take what is there, or fail. */
  | 'spent_wallets'
  /** Trust keeps other amounts than it is asked for, until a person corrects them for an order that needs attention. */
  | 'other_content'
  /** A person changes the payee of each order. */
  | 'new_payee'
  /** The release before this one runs beside it, and does not know the columns that this one brought. */
  | 'older_release';

/** Whether a seed may have it. */
const ALL_INCIDENTS = {
  rewind_cashback: true,
  rewind_processing: true,
  rewind_transactions: true,
  rewind_trust: true,
  rewind_wallet: true,
  unlisted_trust: true,
  outage: true,
  second_sender: true,
  lagging_replica: true,
  foreign_writer: true,
  no_cashback_feed: true,
  newer_release: true,
  older_release: true,
  spent_wallets: true,
  new_payee: true,
  lasting_writer: true,
  // Beside a restore of Trust, what a person corrected would be lost again.
  other_content: false,
} satisfies Record<Incident, boolean>;

export const INCIDENTS: readonly Incident[] = (Object.keys(ALL_INCIDENTS) as Incident[]).filter(
  (incident) => ALL_INCIDENTS[incident],
);

/** A writer that keeps changing is beside these only: in a restore it would be forgotten, and so would its heals. */
const KEEPS_CHANGES: readonly Incident[] = [
  'rewind_processing',
  'rewind_wallet',
  'outage',
  'second_sender',
  'no_cashback_feed',
];

/** Every third seed has one: such runs take twice as long, and faults alone are found as before. */
export function incidentsOf(seed: number): Incident[] {
  if (seed % 3 !== 1) return [];
  const index = (seed - 1) / 3;
  const first = INCIDENTS[index % INCIDENTS.length] as Incident;
  const round = Math.floor(index / INCIDENTS.length);
  const second = INCIDENTS[Math.floor(round / 2) % INCIDENTS.length] as Incident;
  // Every second round of them has one alone. What a foreign operation did that a restore forgot, nobody knows.
  const isUnknown = [first, second].includes('foreign_writer') && [first, second].includes('unlisted_trust');
  const isForgotten =
    [first, second].includes('lasting_writer') && ![first, second].some((one) => KEEPS_CHANGES.includes(one));
  return round % 2 === 0 || first === second || isUnknown || isForgotten ? [first] : [first, second];
}
