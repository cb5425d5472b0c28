import { WALLET_SHORT } from '@cashback/wire';
import { TRUST_DIFFERS, WALLET_FORBIDS_NEGATIVE } from '@cashback/core';
import type { StepStatus } from '../../db/tables.ts';
import type { TrustStep } from '../operation.ts';

/**
 * What is known of a step after a call. `applied`: with `taken`, a refund found only this in the wallet. `unknown`: it may or may not have been applied, or there was no answer.
 * `missing`: Trust does not know a step that it was working on. `refused`: Trust keeps the refusal under the step's id.
 * `not kept`: Trust refused the request and has nothing under the id, so the same request may be carried out later.
 * `differs`: Trust has something else under the id, so money may have moved that nobody asked for.
 */
export type StepAnswer =
  | { kind: 'applied'; taken?: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'not kept'; reason: string }
  | { kind: 'differs'; difference: string }
  | { kind: 'pending' }
  | { kind: 'missing' }
  | { kind: 'unknown'; retry_after_ms?: number };

/** The step that was sent, with its answer. */
export interface AnsweredStep {
  step_number: number;
  /** Of the request; absent when Trust was only asked. */
  attempt?: number;
  answer: StepAnswer;
}

/** `post`: for the first time. `repeat`: a request of this id may have left before. `get`: Trust has it, ask for it. */
export type SendHow = 'post' | 'repeat' | 'get';

export interface StepChange {
  step: TrustStep;
  from: StepStatus;
  to: StepStatus;
  reason: string | null;
  /** Null: all of the step's amount, if it is applied. */
  taken: string | null;
}

export interface Advance {
  /** Compare-and-set, in this order. */
  changes: StepChange[];
  next:
    | { action: 'send'; step: TrustStep; how: SendHow }
    /** Wait for Trust; `retry_after_ms` is the shortest wait that it asked for. */
    | { action: 'poll'; retry_after_ms: number; reason: string | null }
    | { action: 'finish'; status: 'success' | 'failed'; reason: string | null }
    /** Another executor has taken the step further and goes on with the operation. */
    | { action: 'leave' };
}

/**
 * Takes an operation one step further, by its rows and, after a call, by the answer. Steps run one at a time in their
 * order. After a refusal the steps that have not left never leave. The operation ends only when every step is known.
 * Neither silence nor a refusal that Trust does not keep ends a step: it stays open and is repeated under its id.
 * Nor does other content under its id: another operation would move the money again. From then on Trust is only asked,
 * until it has what was asked for. `open_reason` is stored, and stands until Trust says something else of the step.
 */
export function decideAdvance(
  steps: readonly TrustStep[],
  answered: AnsweredStep | null,
  open_reason: string | null = null,
): Advance {
  const open = steps.find(({ status }) => status === 'sent' || status === 'pending');
  if (answered === null) {
    if (open === undefined) return proceed(steps);
    return {
      changes: [],
      next: { action: 'send', step: open, how: open.status === 'pending' ? 'get' : 'repeat' },
    };
  }
  if (open?.step_number !== answered.step_number) return { changes: [], next: { action: 'leave' } };

  const { answer } = answered;
  switch (answer.kind) {
    case 'unknown':
      return { changes: [], next: poll(answer.retry_after_ms, open_reason) };
    case 'differs':
      return { changes: change(open, 'pending'), next: poll(0, describeOther(open, answer.difference)) };
    case 'pending':
      return { changes: change(open, 'pending'), next: poll() };
    case 'missing':
      return { changes: change(open, 'sent'), next: poll() };
    case 'applied':
      return andProceed(change(open, 'applied', null, answer.taken ?? null), steps);
    case 'not kept':
      return { changes: [], next: poll(0, describeRefusal({ ...open, reason: answer.reason })) };
    case 'refused':
      // A newer attempt has left: its answer may give the step up.
      if (answered.attempt !== undefined && answered.attempt !== open.attempt) {
        return { changes: [], next: { action: 'leave' } };
      }
      return andProceed(change(open, 'refused', answer.reason), steps);
  }
}

function poll(retry_after_ms = 0, reason: string | null = null): Advance['next'] {
  return { action: 'poll', retry_after_ms, reason };
}

/** No step is open: end, or send the first that has not left. */
function proceed(steps: readonly TrustStep[]): Advance {
  const refused = steps.find(({ status }) => status === 'refused');
  const planned = steps.filter(({ status }) => status === 'planned');
  if (refused !== undefined) {
    return {
      changes: planned.flatMap((step) => change(step, 'skipped')),
      next: { action: 'finish', status: 'failed', reason: describeRefusal(refused) },
    };
  }
  const [first] = planned;
  if (first === undefined)
    return { changes: [], next: { action: 'finish', status: 'success', reason: null } };
  const changes = change(first, 'sent');
  return { changes, next: { action: 'send', step: after(first, changes), how: 'post' } };
}

function andProceed(changes: StepChange[], steps: readonly TrustStep[]): Advance {
  const rest = proceed(steps.map((step) => after(step, changes)));
  return { ...rest, changes: [...changes, ...rest.changes] };
}

function change(
  step: TrustStep,
  to: StepStatus,
  reason: string | null = null,
  taken: string | null = null,
): StepChange[] {
  return step.status === to ? [] : [{ step, from: step.status, to, reason, taken }];
}

function after(step: TrustStep, changes: readonly StepChange[]): TrustStep {
  const changed = changes.find((one) => one.step.step_number === step.step_number);
  return changed === undefined
    ? step
    : { ...step, status: changed.to, reason: changed.reason, taken: changed.taken };
}

/** A refusal that a person must see to starts with a word of its own, by which callers know it. */
function describeRefusal(step: TrustStep): string {
  const { kind, reason } = step;
  const refusal = `${describeStep(step)} was refused: ${reason ?? 'no reason given'}`;
  const isShort = kind === 'refund' && reason?.startsWith(WALLET_SHORT);
  if (isShort) return `${WALLET_FORBIDS_NEGATIVE}: ${refusal}`;
  // Given up by an older release.
  return reason?.startsWith(TRUST_DIFFERS) ? `${TRUST_DIFFERS}: ${refusal}` : refusal;
}

function describeOther(step: TrustStep, difference: string): string {
  return `${TRUST_DIFFERS}: ${describeStep(step)} is another one at Trust under ${step.step_id}: ${difference}`;
}

function describeStep({ kind, amount, source, basket_id }: TrustStep): string {
  const what = kind === 'topup' ? `top-up of ${amount}` : `refund of ${amount} from basket ${basket_id}`;
  return `${what} (${source})`;
}
