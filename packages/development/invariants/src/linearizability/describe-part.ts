import type { RecordedCall, SequentialModel } from './history.ts';
import type { Part } from './search-order.ts';

const SHOWN_STARTS = 5;

/** The stretch for a person: its calls, the states that it may have begun in, and the answers expected there. */
export function describePart<State, Input, Result>(
  { key, part }: { key: string; part: Part<State, Input, Result> },
  model: SequentialModel<State, Input, Result>,
): string {
  const { explained, before, starts, calls, unanswered } = part;
  const last = calls.at(-1) as RecordedCall<Input, Result>;
  const numberOf = (call: RecordedCall<Input, Result>): string => `#${calls.indexOf(call) + 1}`;
  const shown = starts.slice(0, SHOWN_STARTS).map(({ state, taken }) => {
    const contains = taken.length === 0 ? '' : `, with ${taken.map(numberOf).join(', ')} in it`;
    const { result } = model.apply(state, last.input);
    return `  ${JSON.stringify(state)}${contains}: ${numberOf(last)} alone would answer ${JSON.stringify(result)}`;
  });
  return [
    `${key}: no order explains the answer of ${numberOf(last)}, the first after ${explained} that are explained:`,
    ...calls.map((call) => `  ${numberOf(call)} ${describeCall(call)}`),
    ...(unanswered === 0 ? [] : [`  and ${unanswered} calls without an answer, which do not help`]),
    'the state was one of these:',
    ...shown,
    ...(starts.length > SHOWN_STARTS ? [`  and ${starts.length - SHOWN_STARTS} more`] : []),
    'which these calls explain, for example, the newest last:',
    ...before.map((call) => `  ${describeCall(call)}`),
  ].join('\n');
}

function describeCall({ invoked_at, input, answer }: RecordedCall<unknown, unknown>): string {
  const until = answer === null ? '' : answer.returned_at.toFixed(1);
  const result = answer === null ? 'no answer' : JSON.stringify(answer.result);
  return `${invoked_at.toFixed(1)}..${until} ${JSON.stringify(input)} -> ${result}`;
}
