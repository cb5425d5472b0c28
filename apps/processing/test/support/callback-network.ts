import { type HttpRequest, startHttpProxy } from '@cashback/proxies';

/** The network between the sender of callbacks and their receiver. It can lose and repeat them. */
export interface CallbackNetwork {
  url: string;
  /** Every callback that was delivered or lost, oldest first. */
  carried: HttpRequest[];
  /** The receiver; with null callbacks are lost, though they are answered as if they had arrived. */
  connect(receiverUrl: string | null): void;
  /** Delivers a callback again; resolves with the status of its answer. */
  repeat(callback: HttpRequest): Promise<number>;
  stop(): Promise<void>;
}

export async function startCallbackNetwork(): Promise<CallbackNetwork> {
  const carried: HttpRequest[] = [];
  let receiver: string | null = null;
  const proxy = await startHttpProxy(null, async (request, forward) => {
    carried.push(request);
    return receiver === null ? { status: 204, headers: {}, body: '' } : forward();
  });
  return {
    url: proxy.url,
    carried,
    connect(receiverUrl) {
      receiver = receiverUrl;
      proxy.setTarget(receiverUrl);
    },
    async repeat({ path, headers, body }) {
      const { status } = await fetch(`${proxy.url}${path}`, {
        method: 'POST',
        headers: Object.fromEntries(SIGNED.map((name) => [name, String(headers[name])])),
        body: new Uint8Array(body),
      });
      return status;
    },
    stop: () => proxy.stop(),
  };
}

const SIGNED = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];
