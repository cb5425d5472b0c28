import type { RecordedCall, SequentialModel } from './history.ts';
import type { Part } from './search-order.ts';

const SHOWN_STARTS = 5;

/** The stretch as a person reads it: where it may have begun, what was called, and what was to be expected instead. */
export function describePart<State, Input, Result>(
  { key, part }: { key: string; part: Part<State, Input, Result> },
  model: SequentialModel<State, Input, Result>,
): string {
  const { explained, starts, calls } = part;
  const last = calls.at(-1) as RecordedCall<Input, Result>;
  const numberOf = (call: RecordedCall<Input, Result>): string => `#${calls.indexOf(call) + 1}`;
  const lines = calls.map(
    (call) =>
      `  ${numberOf(call)} ${momentsOf(call)} ${JSON.stringify(call.input)} -> ${
        call.answer === null ? 'no answer' : JSON.stringify(call.answer.result)
      }`,
  );
  const shown = starts.slice(0, SHOWN_STARTS).map(({ state, taken }) => {
    const contains = taken.length === 0 ? '' : `, with ${taken.map(numberOf).join(', ')} in it`;
    const { result } = model.apply(state, last.input);
    return `  ${JSON.stringify(state)}${contains}: ${numberOf(last)} alone would answer ${JSON.stringify(result)}`;
  });
  const more = starts.length > SHOWN_STARTS ? [`  and ${starts.length - SHOWN_STARTS} more`] : [];
  return [
    `${key}: after ${explained} calls that are explained, no order of these ${calls.length} explains ${numberOf(last)}:`,
    ...lines,
    'they began in one of these states:',
    ...shown,
    ...more,
  ].join('\n');
}

function momentsOf({ invoked_at, answer }: RecordedCall<unknown, unknown>): string {
  return `${invoked_at.toFixed(1)}..${answer === null ? '' : answer.returned_at.toFixed(1)}`;
}
