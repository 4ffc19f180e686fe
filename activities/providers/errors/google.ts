// Gemini's errors: `google.rpc.Status` with typed details. https://ai.google.dev/gemini-api/docs/troubleshooting

import { isRecord } from '../sse.ts';
import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords, matches } from './error-words.ts';
import { goDurationMs } from './retry-hint.ts';

export function classifyGoogle(answer: ErrorAnswer, nowMs: number): Fault | null {
  const { message, fields } = errorWords(answer.body);
  if (answer.status === 402) return { kind: 'quota-exhausted' };
  const details = Array.isArray(fields['details']) ? fields['details'].filter(isRecord) : [];
  switch (fields['status']) {
    case 'RESOURCE_EXHAUSTED':
      return resourceExhausted({ details, message, nowMs });
    case 'UNAVAILABLE':
    case 'INTERNAL':
    case 'UNKNOWN':
      return { kind: 'overloaded' };
    case 'DEADLINE_EXCEEDED':
      return { kind: 'timeout' };
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
    // Region or billing: no request of this account gets through.
    case 'FAILED_PRECONDITION':
      return { kind: 'auth' };
    case 'NOT_FOUND':
      return { kind: 'model-not-found' };
    case 'INVALID_ARGUMENT':
      return invalidArgument(details, message);
    default:
      return null;
  }
}

type Details = readonly Readonly<Record<string, unknown>>[];

function resourceExhausted(error: {
  readonly details: Details;
  readonly message: string;
  readonly nowMs: number;
}): Fault {
  const { details, message, nowMs } = error;
  const violations = details.flatMap((detail) => (Array.isArray(detail['violations']) ? detail['violations'] : []));
  const isDaily = violations.some((violation) => isRecord(violation) && /PerDay/i.test(String(violation['quotaId'])));
  const reasons = details.map((detail) => String(detail['reason']));
  if (isDaily) return { kind: 'quota-exhausted', retryAfterMs: untilMidnightPacific(nowMs) };
  if (reasons.some((reason) => /^quota_exceeded$/i.test(reason)) || /prepayment credits/i.test(message)) {
    return { kind: 'quota-exhausted' };
  }
  const delay = details.map((detail) => detail['retryDelay']).find((value) => typeof value === 'string');
  const retryAfterMs = delay === undefined ? null : goDurationMs(delay);
  return retryAfterMs === null ? { kind: 'rate-limited' } : { kind: 'rate-limited', retryAfterMs };
}

/** When daily quotas are there again. On the two days on which the clocks change it may be an hour off. */
function untilMidnightPacific(nowMs: number): number {
  const [hours = 0, minutes = 0, seconds = 0] = PACIFIC.format(nowMs).split(':').map(Number);
  return 86_400_000 - ((hours * 60 + minutes) * 60 + seconds) * 1_000;
}

const PACIFIC = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'America/Los_Angeles',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

function invalidArgument(details: Details, message: string): Fault {
  if (details.some((detail) => detail['reason'] === 'API_KEY_INVALID')) return { kind: 'auth' };
  if (/PROHIBITED_CONTENT|blocked by the content policy/i.test(message)) return { kind: 'content-filtered' };
  if (isAboutContext(message) || /token count.*exceeds/i.test(message)) return { kind: 'context-too-long' };
  const field = details
    .flatMap((detail) => (Array.isArray(detail['fieldViolations']) ? detail['fieldViolations'] : []))
    .map((violation: unknown) => (isRecord(violation) ? violation['field'] : undefined))
    .find((name) => typeof name === 'string' && name !== '');
  const named = typeof field === 'string' ? { param: field } : {};
  const isOurs = matches(message, /not supported/i, /unsupported/i, /not enabled for/i);
  return isOurs ? { kind: 'unsupported', ...named } : { kind: 'invalid-request', ...named };
}
