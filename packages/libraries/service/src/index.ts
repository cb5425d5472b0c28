export { runApp } from './process/app.ts';
export type { AppContext, AppOptions, RunningApp } from './process/app.ts';
export { startParts } from './process/start-parts.ts';
export { createReadiness } from './process/readiness.ts';
export type { Readiness } from './process/readiness.ts';
export { setting } from './settings/setting.ts';
export { SettingsError, describeSettings, readSettings } from './settings/settings.ts';
export { describeIssues } from './settings/describe-issues.ts';
export type { DescribedIssue } from './settings/describe-issues.ts';
export { StartError } from './process/start-error.ts';
export { createLog } from './process/log.ts';
export type { Log } from './process/log.ts';

export { createHttpServer } from './http/http-server.ts';
export type { HttpServer, HttpServerOptions } from './http/http-server.ts';
export { listen } from './http/listen.ts';
export { route } from './http/route.ts';
export type { RouteInput, RouteOptions } from './http/route.ts';
export { describeApi } from './openapi/openapi-document.ts';
export type { ApiError, ApiRoute } from './openapi/openapi-document.ts';
export { serveApiDocs } from './openapi/serve-api-docs.ts';
export { authenticate } from './http/tokens.ts';
export type { AcceptedToken, Caller } from './http/tokens.ts';
export { errorBody, toErrorAnswer } from './http/error-answer.ts';
export { ServiceError } from './http/service-error.ts';

export { createHttpClient } from './http/http-client.ts';
export type { HttpClient, HttpClientOptions } from './http/http-client.ts';
export type { CircuitOptions, UpstreamState } from './http/circuit.ts';
export { noAnswer, refusalOf } from './http/failed-call.ts';
export { HttpCallError } from './http/http-call-error.ts';
export { resultOfCall } from './http/call-result.ts';
export type { CallResult } from './http/call-result.ts';

export { receiveCallback } from './callbacks/receive-callback.ts';
export { signCallback } from './callbacks/callback-signature.ts';
export { createCallbackSender } from './callbacks/callback-sender.ts';
export type { Callback, CallbackSender } from './callbacks/callback-sender.ts';
export { createOutbox } from './callbacks/outbox.ts';
export type { Outbox, OutboxCallback, OutboxOptions } from './callbacks/outbox.ts';

export { createLoop } from './schedule/loop.ts';
export type { Loop, LoopOptions } from './schedule/loop.ts';
export { backoffMs } from './schedule/backoff.ts';
export { createOwnFailures } from './schedule/own-failures.ts';
export type { FailureOf, OwnFailures } from './schedule/own-failures.ts';
export { createBatcher } from './schedule/batcher.ts';
export { parseWholeNumber } from './settings/whole-number.ts';
