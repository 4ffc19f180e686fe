// Times of day in a time zone, by luxon: when the next one is.

import { DateTime } from 'luxon';

/** Milliseconds until the clock of the time zone shows `time` (`HH:MM`) next: up to a day, or an hour more or less when summer time begins or ends. */
export function msUntil(time: string, at: { readonly timezone: string; readonly nowMs: number }): number {
  const now = DateTime.fromMillis(at.nowMs, { zone: at.timezone });
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const today = now.set({ hour, minute, second: 0, millisecond: 0 });
  const next = today > now ? today : now.plus({ days: 1 }).set({ hour, minute, second: 0, millisecond: 0 });
  return next.toMillis() - at.nowMs;
}

/** Whether it is the name of a time zone, as IANA has them. */
export function isTimezone(name: string): boolean {
  return DateTime.local({ zone: name }).isValid;
}
