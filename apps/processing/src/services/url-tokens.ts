import { StartError } from '@cashback/service';

const ENTRY = /^([a-z][a-z0-9_-]{0,31})=(\S{16,})$/;

/** `yellow=token,green=token` -> the token of each service. Throws `StartError`, which shows no token. */
export function parseUrlTokens(text: string): Record<string, string> {
  const tokens: Record<string, string> = {};
  text.split(',').forEach((entry, index) => {
    const [, service, token] = ENTRY.exec(entry) ?? [];
    if (service === undefined || token === undefined) {
      throw new StartError(
        `SERVICE_URL_TOKENS: expected <service>=<token of at least 16 characters>, separated by commas, ` +
          `got something else as entry ${index + 1}, which is not shown`,
      );
    }
    if (Object.hasOwn(tokens, service)) {
      throw new StartError(`SERVICE_URL_TOKENS: expected one token for each service, got two for ${service}`);
    }
    tokens[service] = token;
  });
  return tokens;
}
