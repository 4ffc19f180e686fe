// How much was begun in the last minute, as a pure sliding count: the times are passed in, and never go back.

/** By the second, oldest first. */
export type MinuteCount = readonly Slot[];

interface Slot {
  readonly startMs: number;
  readonly amount: number;
}

const SLOT_MS = 1_000;
const MINUTE_MS = 60_000;
/**
 * A provider counts a call when it arrives: on a busy machine up to so much later than it began here, and another one soon.
 * More would use too little of the limit: 0.95 of it is used by those who always wait.
 */
const ON_THE_WAY_MS = 2_000;
/** Until all of it has arrived more than a minute ago: so no minute has more than the limit, wherever it begins. */
const COUNTS_MS = MINUTE_MS + SLOT_MS + ON_THE_WAY_MS;

export function counted(count: MinuteCount, begun: { readonly atMs: number; readonly amount: number }): MinuteCount {
  const { atMs, amount } = begun;
  const startMs = slotAt(atMs);
  const kept = current(count, atMs);
  const last = kept.at(-1);
  if (last?.startMs !== startMs) return [...kept, { startMs, amount }];
  return [...kept.slice(0, -1), { startMs, amount: last.amount + amount }];
}

/** Counts what began at `atMs` as more, or less; nothing when that is too long ago to count. */
export function corrected(count: MinuteCount, by: { readonly atMs: number; readonly amount: number }): MinuteCount {
  const startMs = slotAt(by.atMs);
  return count.map((slot) => (slot.startMs === startMs ? { startMs, amount: slot.amount + by.amount } : slot));
}

/**
 * The earliest time at which so much more can have begun, within a limit above 0. Of an amount that takes several
 * minutes it is when the last of it may begin.
 */
export function roomAtMs(
  count: MinuteCount,
  wanted: { readonly amount: number; readonly limit: number; readonly nowMs: number },
): number {
  const { amount, limit, nowMs } = wanted;
  const fullMinutes = Math.max(0, Math.ceil(amount / limit) - 1);
  const room = limit - (amount - fullMinutes * limit);
  const slots = current(count, nowMs);
  let used = slots.reduce((sum, slot) => sum + slot.amount, 0);
  let atMs = nowMs;
  for (const slot of slots) {
    if (used <= room) break;
    used -= slot.amount;
    atMs = slot.startMs + COUNTS_MS;
  }
  return atMs + fullMinutes * MINUTE_MS;
}

function current(count: MinuteCount, nowMs: number): MinuteCount {
  return count.filter((slot) => slot.startMs + COUNTS_MS > nowMs);
}

function slotAt(atMs: number): number {
  return Math.floor(atMs / SLOT_MS) * SLOT_MS;
}
