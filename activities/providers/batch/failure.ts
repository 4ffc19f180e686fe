// What an error of a batch means: the SDKs' errors and those of the connection, by the classifiers of single calls.

import type { CallFailure } from '../../../src/domain/failure.ts';
import { parseJson } from '../../../src/domain/json-value.ts';
import { type Target, targetName } from '../../../src/domain/target.ts';
import { classifyError } from '../errors/classify.ts';
import { retryHint } from '../errors/retry-hint.ts';
import { errorCode, sentence } from '../outcome.ts';
import type { ErrorAnswer, Vendor } from '../vendor.ts';
import type { BatchLook } from './lane.ts';
import { statusOf } from './wire.ts';

/** `signal`: the activity's own, as an SDK hides why a request was aborted. */
export function batchFailure(
  error: unknown,
  context: { readonly vendor: Vendor; readonly target: Target; readonly signal?: AbortSignal },
): CallFailure {
  const { vendor, target, signal } = context;
  if (signal?.aborted) {
    const isLate = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
    const kind = isLate ? 'timeout' : 'cancelled';
    return { kind, message: sentence(target, kind) };
  }
  const status = statusOf(error);
  if (status !== null && status >= 400) return classified(answerOf(error, status), vendor, target);
  const broken = connectionError(error);
  if (broken) return { kind: 'connection', message: sentence(target, 'connection', errorCode(broken)) };
  const kind = status === null && !(error instanceof SyntaxError) ? 'unknown' : 'malformed';
  return { kind, message: sentence(target, kind) };
}

/** Of a batch that was rejected as a whole. */
export function rejectedBatch(
  { code, words }: BatchLook,
  { vendor, target }: { readonly vendor: Vendor; readonly target: Target },
): CallFailure {
  const [message = ''] = words;
  const body = { error: { code: code ?? '', message } };
  // Of tokens that wait to be worked on: other batches have to end first.
  const isCrowded = code === 'token_limit_exceeded' || /enqueued|token_limit_exceeded/i.test(message);
  return classified(
    { status: isCrowded ? 429 : 400, headers: {}, retryAfterMs: null, body },
    vendor,
    target,
    isCrowded,
  );
}

function classified(answer: ErrorAnswer, vendor: Vendor, target: Target, isCrowded = false): CallFailure {
  const failure = classifyError({ vendor, answer, target: targetName(target), nowMs: Date.now() });
  if (!isCrowded) return failure;
  const { status: _status, isRetryable: _isRetryable, ...rest } = failure;
  return { ...rest, kind: 'rate-limited', message: sentence(target, 'rate-limited', 'too much is waiting there') };
}

/** An SDK keeps the error within the body, or the body, or its text, or makes a message of the text. */
function answerOf(error: unknown, status: number): ErrorAnswer {
  const { headers, error: parsed, body, message } = error as Readonly<Record<string, unknown>>;
  const flat = headers instanceof Headers ? Object.fromEntries(headers) : {};
  const text = typeof body === 'string' ? body : String(message);
  return { status, headers: flat, retryAfterMs: retryHint(flat, Date.now()), body: parsed ?? parseJson(text) ?? null };
}

/** The innermost that names a code of the system's or of the HTTP client's. */
function connectionError(error: unknown): Error | null {
  let broken: Error | null = null;
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const isOfConnection = 'code' in inner || inner.name.includes('Connection') || CONNECTION.test(inner.message);
    if (isOfConnection) broken = inner;
  }
  return broken;
}

const CONNECTION = /^(?:fetch failed|terminated|connection error\.?)$/i;
