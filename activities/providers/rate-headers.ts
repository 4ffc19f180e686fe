// What a provider's answer says of its rate limits, by the form of its headers. Fail-soft: nonsense is nothing said.

import type { RateHeaders } from '../../src/domain/budget.ts';
import { goDurationMs } from './errors/retry-hint.ts';

/** Null when the answer says nothing of them. Names are in lower case. */
export function readRateHeaders(headers: Readonly<Record<string, string>>, nowMs: number): RateHeaders | null {
  const said = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const key = keyOf(name);
    if (key !== null) said.set(key, value.trim());
  }
  if (said.size === 0) return null;
  // All of one count: the rest of one with the reset of another would mean nothing.
  const isInputOnly = said.has('input-tokens-remaining') && !said.has('tokens-remaining');
  const tokens = isInputOnly ? 'input-tokens' : 'tokens';
  const rate: RateHeaders = {
    limitRequests: countIn(said.get('requests-limit')),
    remainingRequests: countIn(said.get('requests-remaining')),
    resetRequestsMs: resetIn(said.get('requests-reset'), nowMs),
    limitTokens: countIn(said.get(`${tokens}-limit`)),
    remainingTokens: countIn(said.get(`${tokens}-remaining`)),
    resetTokensMs: resetIn(said.get(`${tokens}-reset`), nowMs),
  };
  return Object.values(rate).some((value) => value !== null) ? rate : null;
}

function keyOf(name: string): string | null {
  const [, field, what] = FIELD_FIRST.exec(name) ?? [];
  if (field !== undefined && what !== undefined) return `${what === 'req' ? 'requests' : what}-${field}`;
  return FIELD_LAST.exec(name)?.[1] ?? null;
}

/** `x-ratelimit-remaining-requests`, `x-ratelimit-remaining-req-minute` (which come without a reset). */
const FIELD_FIRST = /^x-ratelimit-(limit|remaining|reset)-(requests|req|tokens)(?:-minute)?$/;
/** `<name>-ratelimit-requests-remaining`; input apart from output where there is no count of both. */
const FIELD_LAST = /^[a-z]+-ratelimit-((?:requests|tokens|input-tokens)-(?:limit|remaining|reset))$/;

function countIn(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

/** A duration, a number of seconds, or a date. */
function resetIn(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  if (/^\d{1,6}(?:\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1_000);
  const durationMs = goDurationMs(value);
  if (durationMs !== null) return Number.isFinite(durationMs) ? durationMs : null;
  // `Date.parse` takes far more than dates.
  const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
