/** The URL of the server, and a token that it accepts. */
export const serverUrl: string | undefined = process.env['CASHBACK_URL'] || undefined;
export const serverToken: string | undefined = process.env['CASHBACK_TOKEN'] || undefined;
