/** Where the server listens, and a token that it knows. */
export const serverUrl: string | undefined = process.env['CASHBACK_URL'] || undefined;
export const serverToken: string | undefined = process.env['CASHBACK_TOKEN'] || undefined;
