// What an error of a provider's batch API means. The SDKs throw classes of their own; what they have in common is enough.

import type { CallFailure } from '../../../src/domain/failure.ts';
import { isRecord, parseJson } from '../../../src/domain/json-value.ts';
import type { Target } from '../../../src/domain/target.ts';
import { targetName } from '../../../src/domain/target.ts';
import { classifyError } from '../errors/classify.ts';
import { NotCalledError } from '../not-called.ts';
import { sentence, notCalled } from '../outcome.ts';
import type { Vendor } from '../vendor.ts';

export function batchFailure(
  error: unknown,
  { vendor, target }: { readonly vendor: Vendor; readonly target: Target },
): CallFailure {
  if (error instanceof NotCalledError) return notCalled(target, error);
  if (!(error instanceof Error)) return { kind: 'unknown', message: sentence(target, 'unknown') };
  const status = statusOf(error);
  if (status === null) {
    const kind = isConnection(error) ? 'connection' : 'unknown';
    return { kind, message: sentence(target, kind, error.name) };
  }
  const headers = headersOf(error);
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null;
  const answer = { status, headers, retryAfterMs, body: bodyOf(error) };
  return classifyError({ vendor, answer, target: targetName(target), nowMs: Date.now() });
}

function statusOf(error: Error): number | null {
  const said = 'status' in error ? error.status : 'statusCode' in error ? error.statusCode : null;
  return typeof said === 'number' ? said : null;
}

function headersOf(error: Error): Readonly<Record<string, string>> {
  const { headers } = error as { headers?: unknown };
  return headers instanceof Headers ? Object.fromEntries(headers) : {};
}

/** Parsed, or as text, or as JSON in the error's message, as the SDKs have it. */
function bodyOf(error: Error): unknown {
  const { error: parsed, body } = error as { error?: unknown; body?: unknown };
  if (isRecord(parsed)) return 'error' in parsed ? parsed : { error: parsed };
  const text = typeof body === 'string' ? body : error.message;
  return parseJson(text) ?? { error: { message: text } };
}

/** The SDKs wrap what `fetch` throws in errors of different names. */
function isConnection(error: Error): boolean {
  return /connection|timeout|fetch failed|socket|network/i.test(`${error.name} ${error.message}`);
}
