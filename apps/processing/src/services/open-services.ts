import type { CashbackServicesConfig } from '@cashback/wire';
import { type ServiceConfig, serviceConfigOf } from '@cashback/core';
import { type HttpClient, StartError, createHttpClient } from '@cashback/service';
import { hashConfig } from './config-hash.ts';

/** A service of `CASHBACK_SERVICES`, ready to calculate with. */
export interface Service {
  config: ServiceConfig;
  config_hash: string;
  /** Null when the order's rates say what the service gives. */
  url: ServiceUrl | null;
}

export interface ServiceUrl {
  client: HttpClient;
  /** With the query. */
  path: string;
}

export interface Services {
  find(name: string): Service | undefined;
  close(): Promise<void>;
}

/** How many questions a service's URL gets at once. */
const MAX_ASKED_AT_ONCE = 64;

/** Throws `StartError` when a service with a URL has no token to call it with. */
export function openServices(
  config: CashbackServicesConfig,
  tokens: Readonly<Record<string, string>>,
): Services {
  const services = new Map(
    Object.entries(config).map(([name, entry]) => [name, openService(name, entry, tokens[name])]),
  );
  return {
    find: (name) => services.get(name),
    async close() {
      await Promise.all([...services.values()].map(async ({ url }) => url?.client.close()));
    },
  };
}

function openService(
  name: string,
  entry: CashbackServicesConfig[string],
  token: string | undefined,
): Service {
  const config = serviceConfigOf(entry);
  const url = entry.url === undefined ? null : openUrl(name, entry.url, entry.url_timeout_ms, token);
  return { config, config_hash: hashConfig(config, entry.url ?? null), url };
}

function openUrl(name: string, url: string, timeout_ms: number, token: string | undefined): ServiceUrl {
  if (token === undefined) {
    throw new StartError(
      `CASHBACK_SERVICES gives the service ${name} a url: set SERVICE_URL_TOKENS to the bearer token that it expects, ` +
        `as in SERVICE_URL_TOKENS='${name}=<random text>'`,
    );
  }
  const { origin, pathname, search } = new URL(url);
  return {
    client: createHttpClient({
      name: `the URL of ${name}`,
      base_url: origin,
      token,
      timeout_ms,
      concurrency: MAX_ASKED_AT_ONCE,
    }),
    path: `${pathname}${search}`,
  };
}
