import { type BrokenImplementation, on, onSuccess } from './exchange.ts';

/** The feeds: T15 to T17, T39 and T40. */
export const feed: readonly BrokenImplementation[] = [
  {
    does: 'leaves changes out of the feed',
    breaks: ['T16'],
    fault: () => {
      let listed = 0;
      return onSuccess('/v2/invoice/changes', (body) => {
        body.changes = body.changes.filter(() => ++listed % 5 !== 0);
      });
    },
  },
  {
    does: 'lists the first version in the feed',
    breaks: ['T15', 'T16'],
    fault: () =>
      onSuccess('/v2/invoice/changes', ({ changes }) => {
        for (const change of changes) change.version = 1;
      }),
  },
  {
    does: 'leaves changes out of the feed of cashback',
    breaks: ['T39', 'T40'],
    fault: () => {
      let listed = 0;
      return onSuccess('/v2/cashback/changes', (body) => {
        body.changes = body.changes.filter(() => ++listed % 3 !== 0);
      });
    },
  },
  {
    does: 'accepts anything as a cursor',
    breaks: ['T17'],
    fault: () =>
      on('/v2/invoice/changes', async ({ forward }) => {
        const answer = await forward();
        return answer.body.error?.code === 'CURSOR_INVALID' ? forward({ limit: 1 }) : answer;
      }),
  },
];
