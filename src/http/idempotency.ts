// Ids and fingerprints of requests, so that a repeated one joins what it started the first time. Pure.

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { NumberedRequest } from '../domain/inferences.ts';
import type { RequestNumber } from '../domain/rescue.ts';
import type { Caller } from './auth.ts';

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, { error: 'must be 1 to 255 printable ASCII characters' });

/** The same key of the same caller always names the same inference, on every replica and after every restart. */
export function idempotentInferenceId(caller: Caller, idempotencyKey: string): string {
  return `inf-${sha256(JSON.stringify([caller.name, idempotencyKey]))}`;
}

/** A request without an Idempotency-Key: the same number of equal requests of the same caller names the same inference. */
export function numberedRequest(
  caller: Caller,
  request: { readonly fingerprint: string; readonly nowMs: number; readonly deadlineMs: number },
): NumberedRequest {
  const { fingerprint } = request;
  const idOf = ({ epoch, sequence }: RequestNumber) =>
    `inf-${sha256(JSON.stringify([caller.name, fingerprint, epoch, sequence]))}`;
  return { type: 'numbered', idOf, ...request };
}

/**
 * Whether a client that retries by itself sends this for the second time or later. OpenAI's official clients count their
 * tries; whatever else stands there counts as a first one.
 */
export function isRetry(headers: IncomingHttpHeaders): boolean {
  const count = headers['x-stainless-retry-count'];
  return typeof count === 'string' && /^\d{1,9}$/.test(count) && Number(count) > 0;
}

/** Equal for equal requests: the endpoint and the body, whatever the order of its fields. Headers do not count. */
export function fingerprintOf(endpoint: string, body: unknown): string {
  return sha256(`${endpoint}\n${JSON.stringify(sorted(body))}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([key, field]) => [key, sorted(field)]));
}
