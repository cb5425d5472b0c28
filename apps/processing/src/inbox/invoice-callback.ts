import { invoiceChangedCallback } from '@cashback/wire';
import { type HttpServer, receiveCallback } from '@cashback/service';
import { callbackHint } from './hint.ts';
import { type Inbox, receiveChanges } from './receive-changes.ts';

/** `POST /callbacks/invoice`: the money of an invoice changed. Answered when the change is noted, before it is processed. */
export function addInvoiceCallback(server: HttpServer, secret: string, inbox: Inbox): void {
  receiveCallback(server, {
    path: '/callbacks/invoice',
    secret,
    body: invoiceChangedCallback,
    handler: ({ body }) => receiveChanges(inbox, [callbackHint(body)]),
  });
}
