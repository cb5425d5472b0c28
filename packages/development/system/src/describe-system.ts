import type { System } from './start-system.ts';

/** The addresses and tokens of a system, for a program. */
export function systemAsJson(system: System): object {
  const { database_url, log_folder, urls } = system;
  return {
    urls,
    tokens: tokensOf(system),
    database_url,
    log_folder,
  };
}

/** The same for a person. */
export function describeSystem(system: System): string {
  const { database_url, embedded, log_folder, urls } = system;
  const tokens: Partial<Record<string, string>> = tokensOf(system);
  return [
    `  ${'part'.padEnd(14)} ${'URL'.padEnd(24)} bearer token for you`,
    ...Object.entries(urls).map(
      ([name, url]) => `  ${name.padEnd(14)} ${url.padEnd(24)} ${tokens[name] ?? '-'}`,
    ),
    '',
    `  Postgres       ${database_url}${embedded ? '' : '  (yours)'}`,
    `  logs           ${log_folder}`,
  ].join('\n');
}

/** The tokens for the person or program that started the system. */
function tokensOf({ credentials }: System): Record<string, string> {
  return {
    server: credentials.token('demo>server'),
    transactions: credentials.token('demo>transactions'),
    trust: credentials.token('demo>trust'),
    wallet: credentials.token('demo>wallet'),
  };
}
