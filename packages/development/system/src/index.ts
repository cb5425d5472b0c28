export { startSystem } from './start-system.ts';
export type { System } from './start-system.ts';
export { APPS, DEV_PORTS, freePortsOfAll, urlOf } from './addresses.ts';
export type { AppName } from './addresses.ts';
export { describeSystem, systemAsJson } from './describe-system.ts';
export { waitForStop } from './stop-signal.ts';
export { readShippedServices } from './services-config.ts';
export { shopCashback } from './shop.ts';
export { root } from './root.ts';
