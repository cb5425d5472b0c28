/** A broken invariant, by the number that the demo's checks use; null is a failed assertion. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: number | null;
  constructor(invariant: number | null, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

export function must(invariant: number | null, holds: boolean, describe: () => string): void {
  if (!holds) throw new Violation(invariant, describe());
}
