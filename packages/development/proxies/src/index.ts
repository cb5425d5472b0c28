export { startTcpProxy } from './tcp-proxy.ts';
export type { ChunkFate, OnConnection, TcpConnection, TcpHook, TcpProxy } from './tcp-proxy.ts';
export { jsonAnswer, startHttpProxy } from './http-proxy.ts';
export type { Forward, HttpAnswer, HttpHook, HttpProxy, HttpRequest } from './http-proxy.ts';
export { startFaultyTcpProxy } from './tcp-faults.ts';
export type { FaultyTcpProxy, TcpFault, Trip } from './tcp-faults.ts';
export { startFaultyHttpProxy } from './http-faults.ts';
export type { FaultyHttpProxy, HttpFault } from './http-faults.ts';
