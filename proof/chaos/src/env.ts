/** By how many milliseconds the clock of a process is off that runs with `shift-clock.ts`. */
export const clockShiftMs = Number(process.env['CLOCK_SHIFT_MS'] ?? 0);
