/** How often an order was healed of a foreign change, and since when these heals count. */
export interface Heals {
  /** Beyond `MAX_HEALS`: a further one was refused. */
  heals: number;
  /** The first of these heals, or the newest foreign change since one was refused; null: there was none yet. */
  healed_since: Date | null;
}

/** The most heals of an order in a day. */
export const MAX_HEALS = 3;
const DAY_MS = 86_400_000;

/** Whether another heal was refused, less than a day ago. */
export function isHealRefused({ heals, healed_since, now }: Heals & { now: Date }): boolean {
  return heals > MAX_HEALS && !isPast(healed_since, now);
}

/**
 * Whether an order may be healed now, and what counts from then on. Two writers that disagree would change an invoice
 * forever, so the fourth heal of a day is refused, until a day has passed without another foreign change.
 */
export function decideHeal(
  { heals, healed_since, now }: Heals & { now: Date },
  isChanged: boolean,
): Heals & { may_heal: boolean } {
  if (isPast(healed_since, now)) return { may_heal: true, heals: 1, healed_since: now };
  if (heals < MAX_HEALS) return { may_heal: true, heals: heals + 1, healed_since };
  return { may_heal: false, heals: MAX_HEALS + 1, healed_since: isChanged ? now : healed_since };
}

function isPast(since: Date | null, now: Date): boolean {
  return since === null || now.getTime() - since.getTime() >= DAY_MS;
}
