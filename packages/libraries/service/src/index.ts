export { runApp } from './app.ts';
export type { AppContext, AppOptions, RunningApp } from './app.ts';
export { startParts } from './start-parts.ts';
export { setting } from './setting.ts';
export { SettingsError, describeSettings, readSettings } from './settings.ts';
export { describeIssues } from './describe-issues.ts';
export type { DescribedIssue } from './describe-issues.ts';
export { StartError } from './start-error.ts';
export { createLog } from './log.ts';
export type { Log } from './log.ts';

export { createHttpServer } from './http-server.ts';
export type { HttpServer, HttpServerOptions } from './http-server.ts';
export { listen } from './listen.ts';
export { route } from './route.ts';
export type { RouteInput, RouteOptions } from './route.ts';
export { describeApi } from './openapi/openapi-document.ts';
export type { ApiError, ApiRoute } from './openapi/openapi-document.ts';
export { serveApiDocs } from './openapi/serve-api-docs.ts';
export { authenticate } from './tokens.ts';
export type { AcceptedToken, Caller } from './tokens.ts';
export { errorBody } from './error-answer.ts';
export { ServiceError } from './service-error.ts';

export { createHttpClient } from './http-client.ts';
export type { HttpClient, HttpClientOptions } from './http-client.ts';
export type { CircuitOptions, UpstreamState } from './circuit.ts';
export { HttpCallError } from './http-call-error.ts';

export { receiveCallback } from './receive-callback.ts';
export { signCallback } from './callback-signature.ts';
export { createCallbackSender } from './callback-sender.ts';
export type { Callback, CallbackSender } from './callback-sender.ts';
export { createOutbox } from './outbox.ts';
export type { Outbox, OutboxCallback, OutboxOptions } from './outbox.ts';

export { createLoop } from './loop.ts';
export type { Loop, LoopOptions } from './loop.ts';
export { backoffMs } from './backoff.ts';
export { createBatcher } from './batcher.ts';
export { parseWholeNumber } from './whole-number.ts';
export { withTimeout } from './with-timeout.ts';
