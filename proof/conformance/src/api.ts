import { setTimeout as delay } from 'node:timers/promises';
import {
  cashbackChangesOutput,
  invoice,
  invoiceChangesOutput,
  invoiceHistoryOutput,
  updateCashbackOutput,
} from '@cashback/wire';
import { describeIssues, errorBody } from '@cashback/service';
import type * as z from 'zod';
import { Broken, show } from './verdict.ts';

/** The routes of the API, and what each answers with 200. */
export const ROUTES = {
  create: { path: '/v2/invoice/create', answer: invoice },
  update: { path: '/v2/invoice/update', answer: invoice },
  changePayee: { path: '/v2/invoice/change_payee', answer: invoice },
  retrieve: { path: '/v2/invoice/retrieve', answer: invoice },
  changes: { path: '/v2/invoice/changes', answer: invoiceChangesOutput },
  cashbackChanges: { path: '/v2/cashback/changes', answer: cashbackChangesOutput },
  history: { path: '/v2/invoice/history', answer: invoiceHistoryOutput },
  updateCashback: { path: '/update/cashback', answer: updateCashbackOutput },
} as const;
export type RouteName = keyof typeof ROUTES;
type AnswerOf<Name extends RouteName> = z.output<(typeof ROUTES)[Name]['answer']>;

export interface Answer {
  status: number;
  /** The parsed JSON, or the text when it is not JSON. */
  body: unknown;
  /** The error code of a refusal. */
  code: string | undefined;
}

export interface CallOptions {
  /** Replaces the usual token; null sends none. */
  token?: string | null;
  /** Sent verbatim instead of the body as JSON. */
  raw?: string;
}

/** Calls in all while the answer is a temporary one. */
const MAX_ATTEMPTS = 6;
const RETRY_BASE_MS = 100;
const TEMPORARY_STATUSES = new Set([429, 503]);
const MAX_PROBLEMS = 5;

/** Calls an implementation over HTTP and nothing else. Every wait is bounded. */
export class Api {
  readonly #url: string;
  readonly #token: string;
  readonly #timeoutMs: number;
  /** The first answers that do not have the documented form. */
  readonly problems: string[] = [];
  /** Answers received so far. */
  answers = 0;

  constructor(url: string, token: string, timeoutMs: number) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  /** Returns any answer. Throws `Broken` when none arrives in time. */
  async call(name: RouteName, body: unknown, options: CallOptions = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#callOnce(name, body, options);
      if (!TEMPORARY_STATUSES.has(answer.status) || attempt === MAX_ATTEMPTS) return answer;
      await delay(RETRY_BASE_MS * 2 ** attempt);
    }
  }

  /** Returns the body of a 200. Throws `Broken` for any other answer. */
  async accept<Name extends RouteName>(name: Name, body: unknown): Promise<AnswerOf<Name>> {
    const { path, answer } = ROUTES[name];
    const { status, body: received } = await this.call(name, body);
    if (status !== 200) throw new Broken(`${path}: expected 200, got ${status} ${show(received)}`);
    const parsed = answer.safeParse(received);
    if (parsed.success) return parsed.data as AnswerOf<Name>;
    throw new Broken(`${path}: ${problemOf(parsed.error, received)}`);
  }

  /** Expects a refusal with this status and code. Throws `Broken` otherwise. */
  async refuse(name: RouteName, body: unknown, status: number, code: string): Promise<Answer> {
    const answer = await this.call(name, body);
    if (answer.status === status && answer.code === code) return answer;
    throw new Broken(
      `${ROUTES[name].path}: expected ${status} ${code}, got ${answer.status} ${show(answer.body)}`,
    );
  }

  async #callOnce(name: RouteName, body: unknown, options: CallOptions): Promise<Answer> {
    const { path } = ROUTES[name];
    const { token = this.#token, raw = JSON.stringify(body) } = options;
    const { status, text } = await this.#exchange(path, raw, token);
    const parsed = parse(text);
    const error = errorBody.safeParse(parsed);
    const answer: Answer = { status, body: parsed, code: error.data?.error.code };
    this.#checkForm(name, answer);
    return answer;
  }

  async #exchange(
    path: string,
    body: string,
    token: string | null,
  ): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
        },
        body,
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      const { cause } = error as { cause?: unknown };
      const reason = cause instanceof Error ? cause.message : (error as Error).message;
      throw new Broken(`${path}: no answer (${reason}; timeout ${this.#timeoutMs} ms)`);
    }
  }

  #checkForm(name: RouteName, { status, body }: Answer): void {
    this.answers += 1;
    const shape = status === 200 ? ROUTES[name].answer : errorBody;
    const parsed = shape.safeParse(body);
    if (parsed.success || this.problems.length >= MAX_PROBLEMS) return;
    this.problems.push(`${ROUTES[name].path} answered ${status}: ${problemOf(parsed.error, body)}`);
  }
}

function problemOf(error: z.ZodError, received: unknown): string {
  return describeIssues(error, received)
    .map(({ message }) => message)
    .join('; ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
