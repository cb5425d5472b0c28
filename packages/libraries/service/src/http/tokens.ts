import { createHash } from 'node:crypto';

/** A bearer token that is accepted, the caller that has it, and what it may do. */
export interface AcceptedToken {
  caller: string;
  token: string;
  scopes: readonly string[];
}

export interface Caller {
  caller: string;
  scopes: ReadonlySet<string>;
}

const digestsOfTokens = new WeakMap<readonly AcceptedToken[], ReadonlyMap<string, Caller>>();

/**
 * The caller with this `Authorization` header; undefined when it is missing or its token is not accepted.
 * Tokens are looked up by their SHA-256, so the time of a lookup reveals nothing about an accepted token.
 */
export function authenticate(
  tokens: readonly AcceptedToken[],
  authorizationHeader: string | undefined,
): Caller | undefined {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorizationHeader ?? '') ?? [];
  return token === undefined ? undefined : digestsOf(tokens).get(digest(token));
}

function digestsOf(tokens: readonly AcceptedToken[]): ReadonlyMap<string, Caller> {
  let digests = digestsOfTokens.get(tokens);
  if (digests === undefined) {
    digests = new Map(
      tokens.map(({ caller, token, scopes }) => [digest(token), { caller, scopes: new Set(scopes) }]),
    );
    digestsOfTokens.set(tokens, digests);
  }
  return digests;
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
