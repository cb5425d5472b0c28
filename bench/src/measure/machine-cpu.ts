import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** CPU time of the whole machine so far, in microseconds, including time stolen by its host. `null` without /proc. */
export function readMachineCpu(): number | null {
  try {
    const [all = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = all
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return ((user + nice + system + irq + softirq + steal) * 1_000_000) / ticksPerSecond;
  } catch {
    return null;
  }
}
