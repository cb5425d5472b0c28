/** The `payee_version` of an invoice whose payee was never changed. */
export const FIRST_PAYEE = 1;
