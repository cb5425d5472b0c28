import { type HttpProxy, startHttpProxy } from '@cashback/proxies';
import type { Failpoints } from './failpoints.ts';

/**
 * The connection of one process to the API of another. A request is an effect of the first, an answer one of the
 * second:
 *
 *     request: before -> forward -> after -> answer: before -> deliver -> after
 */
export async function watchHttp(
  failpoints: Failpoints,
  { from, at, to }: { from: string; at: string; to: string },
): Promise<HttpProxy> {
  return startHttpProxy(to, async (incoming, forward) => {
    const name = nameOf(incoming.method, incoming.path);
    const request = failpoints.meet({ by: from, name, changes: true });
    let fate = await request.before();
    if (fate !== 'go_on') return fate;
    const answer = await forward();
    fate = await request.after();
    if (fate !== 'go_on') return fate;
    const answered = failpoints.meet({ by: at, name: `answer to ${name}`, changes: true });
    fate = await answered.before();
    if (fate !== 'go_on') return fate;
    return { ...answer, delivered: () => answered.after() };
  });
}

/** Without what differs from one order to the next. */
function nameOf(method: string, url: string): string {
  const { pathname } = new URL(url, 'http://proxy');
  const path = pathname
    .split('/')
    .map((part) => (/\d/.test(part) && !/^v\d$/.test(part) ? ':id' : part))
    .join('/');
  return `${method} ${path}`;
}
