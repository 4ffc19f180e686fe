// When a provider says to come back: headers of every vendor we speak with. Times are read fail-soft: nonsense is no hint.

type Headers = Readonly<Record<string, string>>;

/** Milliseconds until the provider wants to see us again, or null when it does not say. */
export function retryHint(headers: Headers, nowMs: number): number | null {
  return numberIn(headers['retry-after-ms']) ?? retryAfter(headers['retry-after'], nowMs);
}

/** Milliseconds until a used-up rate limit is there again, from the headers that count requests and tokens. */
export function resetHint(headers: Headers, nowMs: number): number | null {
  let hintMs: number | null = null;
  for (const [name, value] of Object.entries(headers)) {
    if (!RESET_HEADER.test(name)) continue;
    // A limit that is not used up does not say when the one that was hit is there again.
    if (Number(headers[name.replace('reset', 'remaining')] ?? 0) > 0) continue;
    const resetMs = goDurationMs(value) ?? untilDate(value, nowMs);
    if (resetMs !== null) hintMs = Math.max(hintMs ?? 0, resetMs);
  }
  return hintMs;
}

/** Go's durations, as OpenAI and Google write them: `6m0s`, `1.5s`, `120ms`. */
export function goDurationMs(text: string): number | null {
  if (!GO_DURATION.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(GO_DURATION_PART)) total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return Math.ceil(total);
}

const RESET_HEADER = /ratelimit-(?:[a-z-]+-)?reset(?:-[a-z-]+)?$/;
const GO_DURATION = /^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|h|m|s))+$/;
const GO_DURATION_PART = /(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1, us: 0.001, µs: 0.001 };

/** Seconds, or a date: RFC 9110, section 10.2.3. */
function retryAfter(value: string | undefined, nowMs: number): number | null {
  const seconds = numberIn(value);
  if (seconds !== null) return Math.ceil(seconds * 1_000);
  return value === undefined ? null : untilDate(value, nowMs);
}

function numberIn(value: string | undefined): number | null {
  return value !== undefined && /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : null;
}

function untilDate(value: string, nowMs: number): number | null {
  // `Date.parse` takes far more than dates: a number alone would be a year.
  const date = /\d[-:]\d|,/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
