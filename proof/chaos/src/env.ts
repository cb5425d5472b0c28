/** How many milliseconds `shift-clock.ts` adds to the clock of its process. */
export const clockShiftMs = Number(process.env['CLOCK_SHIFT_MS'] ?? 0);
