import { freePorts } from './free-ports.ts';

export const APPS = ['trust', 'wallet', 'transactions', 'server', 'worker', 'processing'] as const;
export type AppName = (typeof APPS)[number];

/** The ports of `pnpm dev`. The shop has the URL of a service of its own. */
export const DEV_PORTS: Readonly<Record<AppName | 'shop', number>> = {
  server: 4100,
  worker: 4101,
  processing: 4102,
  transactions: 4103,
  wallet: 4104,
  trust: 4105,
  shop: 4106,
};

export type Ports = Record<AppName | 'shop', number>;

/** Ports that nothing listens on now. */
export async function freePortsOfAll(): Promise<Ports> {
  const names = [...APPS, 'shop'] as const;
  const ports = await freePorts(names.length);
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Ports;
}

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
