export { startTcpProxy } from './tcp-proxy.ts';
export type { TcpFault, TcpProxy, Trip } from './tcp-proxy.ts';
export { startHttpProxy } from './http-proxy.ts';
export type { HttpFault, HttpProxy } from './http-proxy.ts';
export { startRelay } from './relay.ts';
export type { Fate, Relay, Watcher } from './relay.ts';
