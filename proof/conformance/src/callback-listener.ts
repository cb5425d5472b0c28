import {
  type InvoiceChangedCallback,
  type OperationFinishedCallback,
  invoiceChangedCallback,
  operationFinishedCallback,
} from '@cashback/wire';
import {
  type HttpServer,
  ServiceError,
  createHttpServer,
  createLog,
  listen,
  receiveCallback,
} from '@cashback/service';

export interface Received<Body> {
  webhook_id: string;
  body: Body;
}

/** Receives an implementation's callbacks and keeps those with a valid signature. */
export interface CallbackListener {
  url: string;
  invoices(invoiceId: string): Received<InvoiceChangedCallback>[];
  operations(operationId: string): Received<OperationFinishedCallback>[];
  /** Refuses the next callback of an invoice; `failed` returns its webhook id once it has arrived. */
  failNext(invoiceId: string): { failed: () => string | undefined };
  /** The number of callbacks with an invalid signature. */
  refused(): number;
  stop(): Promise<void>;
}

export async function startCallbackListener(options: {
  host: string;
  port: number;
  invoice_secret: string;
  operation_secret: string;
}): Promise<CallbackListener> {
  const invoices: Received<InvoiceChangedCallback>[] = [];
  const operations: Received<OperationFinishedCallback>[] = [];
  const failing = new Map<string, { webhook_id?: string }>();
  let refused = 0;
  const log = createLog({ name: 'conformance', level: 'silent', json: true });
  const server: HttpServer = createHttpServer({
    name: 'conformance',
    log,
    tokens: [],
    health: async () => {},
  });
  server.addHook('onResponse', async (_, reply) => {
    if (reply.statusCode === 401) refused += 1;
  });
  receiveCallback(server, {
    path: '/callbacks/invoice',
    secret: options.invoice_secret,
    body: invoiceChangedCallback,
    handler: (received) => {
      const failure = failing.get(received.body.invoice_id);
      if (failure !== undefined && failure.webhook_id === undefined) {
        failure.webhook_id = received.webhook_id;
        throw new ServiceError('refused once, to be sent again', {
          code: 'CONFORMANCE_REFUSES',
          http_status: 500,
          retryable: true,
        });
      }
      invoices.push(received);
    },
  });
  receiveCallback(server, {
    path: '/callbacks/operation',
    secret: options.operation_secret,
    body: operationFinishedCallback,
    handler: (received) => {
      operations.push(received);
    },
  });
  return {
    url: await listen(server, options),
    invoices: (invoiceId) => invoices.filter(({ body }) => body.invoice_id === invoiceId),
    operations: (operationId) => operations.filter(({ body }) => body.operation_id === operationId),
    failNext(invoiceId) {
      const failure: { webhook_id?: string } = {};
      failing.set(invoiceId, failure);
      return { failed: () => failure.webhook_id };
    },
    refused: () => refused,
    stop: () => server.close(),
  };
}
