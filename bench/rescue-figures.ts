// How well a limit of requests a minute was used, from the times at which they arrived. Pure.

const MINUTE_MS = 60_000;

/**
 * The share of the limit that was used, without its first filling, which finds it untouched. By the time that so many
 * fillings took: a window of fixed length counts a burst at its edge, and not the pause that belongs to it.
 */
export function steadyUse(
  arrivals: readonly number[],
  { minutes, requestsPerMinute }: { readonly minutes: number; readonly requestsPerMinute: number },
): number {
  const sorted = arrivals.toSorted((a, b) => a - b);
  const [fromMs, toMs] = [sorted[requestsPerMinute], sorted[minutes * requestsPerMinute]];
  if (fromMs === undefined || toMs === undefined) throw new Error('Too few have arrived to tell.');
  return ((minutes - 1) * MINUTE_MS) / (toMs - fromMs);
}

/** Wherever it begins. */
export function fullestMinute(arrivals: readonly number[]): number {
  const sorted = arrivals.toSorted((a, b) => a - b);
  let first = 0;
  return sorted.reduce((most, atMs, index) => {
    while ((sorted[first] ?? atMs) <= atMs - MINUTE_MS) first++;
    return Math.max(most, index - first + 1);
  }, 0);
}
