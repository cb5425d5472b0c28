import { type HttpHook, jsonAnswer } from '@cashback/proxies';

// oxlint-disable-next-line typescript/no-explicit-any -- a fault changes bodies in any way
export type Body = any;

interface Answer {
  status: number;
  body: Body;
}

/** One call of the suite, its body as JSON. */
export interface Exchange {
  path: string;
  body: Body;
  /** Sends the call on, with another body if given; or makes another call of the implementation. */
  forward(body?: Body, path?: string): Promise<Answer>;
}

/** Answers a call as an implementation with this fault would. */
export type Fault = (exchange: Exchange) => Promise<Answer>;

/** An implementation with one fault: what it does, the guarantees it breaks, and how. */
export interface BrokenImplementation {
  does: string;
  breaks: string[];
  /** Makes a fault with a memory of its own. */
  fault: () => Fault;
  /** Sends calls without a token on with this suite's token. */
  open?: true;
}

export const UPDATE_CASHBACK = '/update/cashback';
export const RETRIEVE = '/v2/invoice/retrieve';

export function refusal(status: number, code: string): Answer {
  return {
    status,
    body: { error: { code, message: 'refused by a broken implementation', retryable: false } },
  };
}

/** The invoice that a call is about. */
export async function invoiceOf({ body, forward }: Exchange): Promise<Body> {
  return (await forward({ invoice_id: body.invoice_id }, RETRIEVE)).body;
}

/** Changes only the exchanges of one route. */
export function on(path: string, fault: Fault): Fault {
  return (exchange) => (exchange.path === path ? fault(exchange) : exchange.forward());
}

/** Changes only successful answers of one route. */
export function onSuccess(path: string, change: (body: Body, exchange: Exchange) => void): Fault {
  return on(path, async (exchange) => {
    const answer = await exchange.forward();
    if (answer.status === 200) change(answer.body, exchange);
    return answer;
  });
}

/** Changes values anywhere in a body, as `JSON.stringify` visits them. */
export function mapValues(body: Body, change: (key: string, value: unknown) => unknown): Body {
  return JSON.parse(JSON.stringify(body, change));
}

/** The fault as a hook on the link in front of an implementation. Bodies that are not JSON pass unchanged. */
export function toHook({ fault, open }: BrokenImplementation, token: string): HttpHook {
  const answerWithFault = fault();
  return async (request, forward) => {
    const headers =
      open === undefined ? request.headers : { authorization: `Bearer ${token}`, ...request.headers };
    let body: Body;
    try {
      body = JSON.parse(String(request.body));
    } catch {
      return forward({ headers });
    }
    const { status, body: answer } = await answerWithFault({
      path: request.path,
      body,
      async forward(changed = body, path = request.path) {
        const received = await forward({ path, headers, body: JSON.stringify(changed) });
        return { status: received.status, body: JSON.parse(String(received.body)) };
      },
    });
    return jsonAnswer(status, answer);
  };
}
