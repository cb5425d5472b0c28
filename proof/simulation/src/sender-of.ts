import type { ProcessName } from './engine/flow.ts';
import type { World } from './world.ts';

const SECOND: Partial<Record<ProcessName, ProcessName>> = {
  worker: 'second_worker',
  processing: 'second_processing',
};

/** The process that takes up a piece of work: the one of that name, or the second one beside it. */
export function senderOf({ engine, has_second_sender }: World, process: ProcessName): ProcessName {
  const second = has_second_sender ? SECOND[process] : undefined;
  return second !== undefined && engine.choices.below(2) === 1 ? second : process;
}
