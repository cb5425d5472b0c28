import { initTRPC, TRPCError } from '@trpc/server';
import type * as z from 'zod';
import { ZodError } from 'zod';
import { CashbackError } from './errors.ts';
import { type EventsInput, type EventsOutput, eventsInput, eventsOutput } from './wire/events.ts';
import { type OrderInput, type OrderOutput, orderInput, orderOutput } from './wire/order.ts';
import { type OrderRates, type RatesGetInput, orderRates, ratesGetInput } from './wire/rates.ts';
import { type RegisterInput, type RegisterOutput, registerInput, registerOutput } from './wire/register.ts';

/** What the server does behind the router: one function for each procedure. Errors are `CashbackError`s. */
export interface CashbackServices {
  register(input: RegisterInput): Promise<RegisterOutput>;
  events(input: EventsInput): Promise<EventsOutput>;
  order(input: OrderInput): Promise<OrderOutput>;
  putRates(input: OrderRates): Promise<OrderRates>;
  getRates(input: RatesGetInput): Promise<OrderRates>;
}

/** What a caller may do; `rates` puts rates, the other scopes read. */
export type ServerScope = 'register' | 'events' | 'order' | 'rates' | 'rates.read';

export interface RouterContext {
  services: CashbackServices;
  /** Scopes of the caller's bearer token; undefined without a known token. */
  scopes: ReadonlySet<string> | undefined;
}

/** One thing that is wrong with an input: where, what was expected, what came. */
export interface InputIssue {
  path: string;
  expected: string;
  received: string;
  message: string;
}

/** The part of every error answer that a program reads. */
export interface ErrorDetails {
  code: string;
  retryable: boolean;
  details: Record<string, unknown>;
  issues: InputIssue[];
}

export interface RouterOptions {
  describeIssues: (error: z.ZodError, input: unknown) => InputIssue[];
}

const MASKED = 'internal error: see the server log';

/** The tRPC router over the services. Its type, `AppRouter`, is all that a client needs of the server. */
export function createRouter({ describeIssues }: RouterOptions) {
  const t = initTRPC.context<RouterContext>().create({
    isDev: false,
    errorFormatter: ({ shape, error, input }) => {
      const { code, httpStatus, path } = shape.data;
      const answer = (message: string, cashback: ErrorDetails) => ({
        message,
        code: shape.code,
        data: { code, httpStatus, path: path ?? null, cashback },
      });
      const { cause } = error;
      if (cause instanceof CashbackError) {
        const { code: cashbackCode, retryable, details } = cause;
        return answer(cause.message, { code: cashbackCode, retryable, details, issues: [] });
      }
      if (cause instanceof ZodError && code === 'BAD_REQUEST') {
        const issues = describeIssues(cause, input);
        const message = issues.map((issue) => issue.message).join('; ');
        return answer(message, { code: 'BAD_REQUEST', retryable: false, details: {}, issues });
      }
      if (cause instanceof SyntaxError && code === 'BAD_REQUEST') {
        const message = `the input is not JSON: ${cause.message}`;
        return answer(message, { code: 'BAD_REQUEST', retryable: false, details: {}, issues: [] });
      }
      // What is not meant for callers may carry SQL: it stays in the log.
      const hidden = code === 'INTERNAL_SERVER_ERROR';
      const message = hidden ? MASKED : shape.message;
      return answer(message, {
        code: hidden ? 'INTERNAL' : code,
        retryable: hidden,
        details: {},
        issues: [],
      });
    },
  });

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
    events: scoped('events')
      .input(eventsInput)
      .output(eventsOutput)
      .query(({ input, ctx }) => ctx.services.events(input)),
    order: scoped('order')
      .input(orderInput)
      .output(orderOutput)
      .query(({ input, ctx }) => ctx.services.order(input)),
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
