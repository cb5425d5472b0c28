import { randomUUID } from 'node:crypto';
import type { HttpHook, HttpRequest } from '@cashback/proxies';

/**
 * An implementation that repeats a request to its payment system under a new id, and continues with the id that was
 * answered; the hook stands between the two.
 */
export function renewIdsOfRepeats(): HttpHook {
  const sent = new Set<string>();
  /** The id last answered, by the id that the implementation sent. */
  const answered = new Map<string, string>();

  return async (request, forward) => {
    const own = idOf(request);
    const id = own !== undefined && sent.has(own) ? randomUUID() : own;
    if (own !== undefined) sent.add(own);
    let { path } = request;
    let body = String(request.body);
    for (const [from, to] of answered) {
      path = path.replace(from, to);
      if (from !== own) body = body.replaceAll(from, to);
    }
    if (own !== undefined && id !== undefined) body = body.replaceAll(own, id);
    const answer = await forward({ path, body });
    if (own !== undefined && id !== undefined && answer.status === 200) answered.set(own, id);
    let text = String(answer.body);
    for (const [from, to] of answered) text = text.replaceAll(to, from);
    return { ...answer, body: text };
  };
}

/** The id that the implementation gave to what it creates. */
function idOf({ method, path, body }: HttpRequest): string | undefined {
  if (method !== 'POST') return undefined;
  const { basket_id, refund_id } = JSON.parse(String(body)) as { basket_id: string; refund_id?: string };
  return path === '/refunds' ? refund_id : basket_id;
}
