import { statFields } from '@cashback/embedded-postgres';

/** Linux reports the times of processes in this unit, whatever the kernel's own clock is. */
const ticksPerSecond = 100;

export interface CpuTime {
  /** Of the process itself, in microseconds. */
  own_us: number;
  /** Of its children that ended and were reaped, and of theirs. */
  ended_children_us: number;
}

/** User and system time of a process on this machine so far; `null` when there is no such process. */
export function readCpu(pid: number): CpuTime | null {
  const fields = statFields(pid);
  if (fields === null) return null;
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  return {
    own_us: toMicroseconds(user, system),
    ended_children_us: toMicroseconds(childrenUser, childrenSystem),
  };
}

export function parentOf(pid: number): number | null {
  const parent = Number(statFields(pid)?.[1]);
  return parent > 0 ? parent : null;
}

function toMicroseconds(user = NaN, system = NaN): number {
  return ((user + system) * 1_000_000) / ticksPerSecond;
}
