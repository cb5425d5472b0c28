import type { Plant } from './plant.ts';

/** Mistakes in how a call between two apps ends. */
export const CALLS = {
  /** A call without an answer counts as refused. */
  no_answer_is_refusal: (decisions) => ({
    ...decisions,
    http: {
      ...decisions.http,
      noAnswer: (call) =>
        decisions.http.refusalOf(call, {
          http_status: 409,
          text: '{"error":{"code":"VERSION_MISMATCH","message":"no answer"}}',
          retry_after: undefined,
        }),
    },
  }),
} satisfies Record<string, Plant>;
