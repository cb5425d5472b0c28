import { initTRPC, TRPCError } from '@trpc/server';
import { CashbackError } from './errors.ts';
import { type DescribeIssues, MASKED_ERROR, explainError } from './explain-error.ts';
import { registerMany } from './register-many.ts';
import type { CashbackServices } from './services.ts';
import {
  attentionCountInput,
  attentionCountOutput,
  attentionListInput,
  attentionListOutput,
  attentionReportInput,
  attentionReportOutput,
  attentionResumeInput,
  attentionResumeOutput,
} from './wire/attention-orders.ts';
import {
  breakerListInput,
  breakerListOutput,
  breakerReleaseInput,
  breakerReleaseOutput,
} from './wire/breaker.ts';
import { convergenceInput, convergenceOutput } from './wire/convergence.ts';
import { eventsInput, eventsOutput } from './wire/events.ts';
import { orderInput, orderOutput } from './wire/order.ts';
import { changePayeeInput, changePayeeOutput } from './wire/payee.ts';
import { orderRates, ratesGetInput } from './wire/rates.ts';
import { reconcileInput, reconcileOutput } from './wire/reconcile.ts';
import type { ItemError } from './wire/item-error.ts';
import { registerInput, registerManyInput, registerManyOutput, registerOutput } from './wire/register.ts';

/**
 * What a caller may do; `rates` puts rates, `reconcile` makes orders due, `breaker` releases what is held, `attention`
 * resumes orders, `payee` changes the payee of an order, `attention.report` states which orders need attention elsewhere, the other scopes read.
 */
export type ServerScope =
  | 'register'
  | 'events'
  | 'order'
  | 'rates'
  | 'rates.read'
  | 'reconcile'
  | 'breaker'
  | 'attention'
  | 'attention.report'
  | 'payee';

export interface RouterContext {
  services: CashbackServices;
  /** Scopes of the caller's bearer token; undefined without a known token. */
  scopes: ReadonlySet<string> | undefined;
  /** Its name, for records of what it did. */
  caller?: string | undefined;
  /** Receives the errors of single items of `register_many` that callers do not see. */
  reportFault: (error: unknown) => void;
}

export interface RouterOptions {
  describeIssues: DescribeIssues;
}

/** The tRPC router over the services. Its type, `AppRouter`, is all a client needs to know about the server. */
export function createRouter({ describeIssues }: RouterOptions) {
  const t = initTRPC.context<RouterContext>().create({
    isDev: false,
    errorFormatter: ({ shape, error, input }) => {
      const { code, httpStatus, path } = shape.data;
      const { message, ...cashback } = toItemError(error, shape.message, input);
      return { message, code: shape.code, data: { code, httpStatus, path: path ?? null, cashback } };
    },
  });

  function toItemError(error: TRPCError, message: string, input: unknown): ItemError {
    const { cause, code } = error;
    if (code === 'INTERNAL_SERVER_ERROR') return MASKED_ERROR;
    const explained = explainError(cause, input, describeIssues);
    if (explained !== undefined) return explained;
    const text = cause instanceof SyntaxError ? `the input is not JSON: ${cause.message}` : message;
    return { code, message: text, retryable: false, details: {}, issues: [] };
  }

  const scoped = (scope: ServerScope) =>
    t.procedure.use(async ({ ctx, next }) => {
      if (ctx.scopes === undefined) {
        throw new TRPCError({
          code: 'UNAUTHORIZED',
          message: 'missing or unknown token: send the header "authorization: Bearer <token>"',
        });
      }
      if (!ctx.scopes.has(scope)) {
        throw new TRPCError({ code: 'FORBIDDEN', message: `the token lacks the scope "${scope}"` });
      }
      const result = await next();
      if (!result.ok && result.error.cause instanceof CashbackError) {
        const { cause } = result.error;
        throw new TRPCError({ code: cause.trpc_code, message: cause.message, cause });
      }
      return result;
    });

  return t.router({
    register: scoped('register')
      .input(registerInput)
      .output(registerOutput)
      .mutation(({ input, ctx }) => ctx.services.register(input)),
    register_many: scoped('register')
      .input(registerManyInput)
      .output(registerManyOutput)
      .mutation(({ input, ctx }) => registerMany(input, { ...ctx, describeIssues })),
    events: scoped('events')
      .input(eventsInput)
      .output(eventsOutput)
      .query(({ input, ctx }) => ctx.services.events(input)),
    order: scoped('order')
      .input(orderInput)
      .output(orderOutput)
      .query(({ input, ctx }) => ctx.services.order(input)),
    convergence: scoped('order')
      .input(convergenceInput)
      .output(convergenceOutput)
      .query(({ input, ctx }) => ctx.services.convergence(input)),
    reconcile: scoped('reconcile')
      .input(reconcileInput)
      .output(reconcileOutput)
      .mutation(({ input, ctx }) => ctx.services.reconcile(input)),
    attention: t.router({
      list: scoped('order')
        .input(attentionListInput)
        .output(attentionListOutput)
        .query(({ input, ctx }) => ctx.services.listAttention(input)),
      count: scoped('order')
        .input(attentionCountInput)
        .output(attentionCountOutput)
        .query(({ input, ctx }) => ctx.services.countAttention(input)),
      resume: scoped('attention')
        .input(attentionResumeInput)
        .output(attentionResumeOutput)
        .mutation(({ input, ctx }) => ctx.services.resumeAttention(input, ctx.caller ?? 'unknown')),
      report: scoped('attention.report')
        .input(attentionReportInput)
        .output(attentionReportOutput)
        .mutation(({ input, ctx }) => ctx.services.reportAttention(input)),
    }),
    change_payee: scoped('payee')
      .input(changePayeeInput)
      .output(changePayeeOutput)
      .mutation(({ input, ctx }) => ctx.services.changePayee(input, ctx.caller ?? 'unknown')),
    breaker: t.router({
      list: scoped('order')
        .input(breakerListInput)
        .output(breakerListOutput)
        .query(({ input, ctx }) => ctx.services.listHeld(input)),
      release: scoped('breaker')
        .input(breakerReleaseInput)
        .output(breakerReleaseOutput)
        .mutation(({ input, ctx }) => ctx.services.releaseHeld(input, ctx.caller ?? 'unknown')),
    }),
    rates: t.router({
      put: scoped('rates')
        .input(orderRates)
        .output(orderRates)
        .mutation(({ input, ctx }) => ctx.services.putRates(input)),
      get: scoped('rates.read')
        .input(ratesGetInput)
        .output(orderRates)
        .query(({ input, ctx }) => ctx.services.getRates(input)),
    }),
  });
}

export type AppRouter = ReturnType<typeof createRouter>;
