// Turns a provider's error into a failure of ours: the vendor's rows first, then those for any provider.

import type { CallFailure, FailureKind } from '../../../src/domain/failure.ts';
import { failureTable } from '../../../src/domain/failure.ts';
import type { ErrorAnswer, Fault, Vendor } from '../vendor.ts';
import { classifyAny } from './any.ts';
import { errorWords, statusInBody } from './error-words.ts';
import { resetHint } from './retry-hint.ts';

export function classifyError(input: {
  readonly vendor: Vendor;
  readonly answer: ErrorAnswer;
  readonly target: string;
  readonly nowMs: number;
}): CallFailure {
  const { vendor, target, nowMs } = input;
  const answer = enterTable(input.answer);
  const fault = answer === null ? { kind: 'server-error' as const } : judge(vendor, answer, nowMs);
  const retryAfterMs = hint({ fault, answer: input.answer, nowMs });
  const providerMessage = providerWords(errorWords(input.answer.body).message);
  return {
    kind: fault.kind,
    message: `${target} ${failureSentence(fault.kind)}${statusWords(input.answer.status)}.`,
    ...(providerMessage !== undefined && { providerMessage }),
    ...(input.answer.status !== null && { status: input.answer.status }),
    ...(fault.param !== undefined && { param: fault.param }),
    ...(retryAfterMs !== null && { retryAfterMs }),
    ...(fault.isRetryable !== undefined && { isRetryable: fault.isRetryable }),
  };
}

/** What happened, to be put behind the target's name. */
export function failureSentence(kind: FailureKind): string {
  return SENTENCES[kind];
}

/** A provider's words, short enough to travel in a failure's details. */
export function providerWords(text: string): string | undefined {
  if (text === '') return undefined;
  if (Buffer.byteLength(text) <= MAX_WORDS_BYTES) return text;
  const cut = Buffer.from(text)
    .subarray(0, MAX_WORDS_BYTES - 3)
    .toString();
  // The cut may have gone through a character.
  return `${cut.replace(/\uFFFD+$/, '')}…`;
}

const MAX_WORDS_BYTES = 2_048;

/** The status to judge by; null when what answered was not the provider but a gateway before it. */
function enterTable(answer: ErrorAnswer): ErrorAnswer | null {
  const isJson = typeof answer.body === 'object' && answer.body !== null;
  if (!isJson && answer.status !== null && (answer.status < 300 || (answer.status >= 500 && answer.status !== 529))) {
    return null;
  }
  const isDisguised = answer.status === null || answer.status < 300;
  return isDisguised ? { ...answer, status: statusInBody(answer.body) } : answer;
}

function judge(vendor: Vendor, answer: ErrorAnswer, nowMs: number): Fault {
  return vendor.classify(answer, nowMs) ?? classifyAny(answer);
}

function hint(input: { readonly fault: Fault; readonly answer: ErrorAnswer; readonly nowMs: number }): number | null {
  const { fault, answer, nowMs } = input;
  if (fault.isRetryable === false) return null;
  const toldMs = fault.retryAfterMs ?? answer.retryAfterMs;
  const { retries, tells } = failureTable[fault.kind];
  // A quota that is gone is not back in a moment, whatever a header says that stands in every answer.
  if (tells === 'account') return toldMs !== null && toldMs >= SHORTEST_QUOTA_MS ? toldMs : null;
  if (retries === 0) return null;
  return toldMs ?? (fault.kind === 'rate-limited' ? resetHint(answer.headers, nowMs) : null);
}

const SHORTEST_QUOTA_MS = 60_000;

function statusWords(status: number | null): string {
  return status === null ? ' (an error inside the stream)' : ` (HTTP ${status})`;
}

const SENTENCES: Readonly<Record<FailureKind, string>> = {
  'rate-limited': 'is rate-limited',
  'quota-exhausted': 'has no quota or credit left',
  overloaded: 'is overloaded',
  'server-error': 'failed on its side',
  timeout: 'did not finish in time',
  'first-token-timeout': 'sent no token in time',
  stalled: 'stopped sending tokens',
  connection: 'could not be reached, or the connection broke',
  auth: 'did not accept our key',
  'model-not-found': 'does not know this model',
  'invalid-request': 'says that the request is invalid',
  unsupported: 'does not support something that the request asks for',
  'context-too-long': 'says that the request is too long for it',
  'content-filtered': 'blocked the request or the answer by its content filter',
  refused: 'refused to answer',
  truncated: 'cut its answer short',
  empty: 'gave an empty answer',
  malformed: 'sent an answer that cannot be read',
  'schema-invalid': 'gave an answer that is not the JSON asked for',
  'expectation-failed': 'gave an answer that is not what is expected of it',
  'breaker-open': 'was not called, since its circuit is open',
  'not-configured': 'is not configured on this worker',
  cancelled: 'was cancelled',
  'worker-lost': 'lost its worker',
  unknown: 'failed in a way that we do not know',
};
