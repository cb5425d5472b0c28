import type { HttpServer } from '../http/http-server.ts';
import { renderDocs } from './docs-page.ts';
import type { JsonObject } from './openapi-document.ts';

/** Nothing on the page runs, and nothing is loaded. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** `GET /openapi.json` and `GET /docs`, without a token: they describe the API and nothing that it stores. */
export function serveApiDocs(server: HttpServer, document: JsonObject): void {
  const page = renderDocs(document);
  server.get('/openapi.json', { config: { scope: false } }, async () => document);
  server.get('/docs', { config: { scope: false } }, async (_, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', PAGE_POLICY).send(page),
  );
}
