// How well a limit of requests a minute was used, from the times at which they arrived. Pure.

const MINUTE_MS = 60_000;

/** The share of the limit in so many minutes, from the second on. */
export function steadyUse(
  arrivals: readonly number[],
  { minutes, requestsPerMinute }: { readonly minutes: number; readonly requestsPerMinute: number },
): number {
  const fromMs = (arrivals[0] ?? 0) + MINUTE_MS;
  const count = arrivals.filter((atMs) => atMs >= fromMs && atMs < fromMs + (minutes - 1) * MINUTE_MS).length;
  return count / ((minutes - 1) * requestsPerMinute);
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
