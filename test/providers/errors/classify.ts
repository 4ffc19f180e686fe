// Puts an error body through the classifier of a provider type, as the call does. For the tests beside it.

import { classifyError } from '../../../activities/providers/errors/classify.ts';
import { retryHint } from '../../../activities/providers/errors/retry-hint.ts';
import { loadVendor, type ProviderType } from '../../../activities/providers/registry.ts';
import type { CallFailure, FailureKind } from '../../../src/domain/failure.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

/** Status (null: inside a stream), body (a text is no JSON), the kind or more of the failure, headers. */
export type Row = readonly [
  status: number | null,
  body: unknown,
  expected: FailureKind | (Partial<CallFailure> & { readonly kind: FailureKind }),
  headers?: Readonly<Record<string, string>>,
];

export async function classify(type: ProviderType, [status, body, , headers = {}]: Row): Promise<CallFailure> {
  const parsed = typeof body === 'string' ? null : body;
  const answer = { status, headers, retryAfterMs: retryHint(headers, NOW), body: parsed };
  return classifyError({ vendor: await loadVendor(type), answer, target: `${type}/model`, nowMs: NOW });
}

/** With the title that each row has in the report. */
export function titled(rows: readonly Row[]): readonly { readonly title: string; readonly row: Row }[] {
  return rows.map((row) => {
    const [status, body, expected] = row;
    const kind = typeof expected === 'string' ? expected : expected.kind;
    return { title: `${status ?? 'in a stream'} ${JSON.stringify(body).slice(0, 110)} is ${kind}`, row };
  });
}

export function expectedOf([, , expected]: Row): Partial<CallFailure> {
  return typeof expected === 'string' ? { kind: expected } : expected;
}

export function openaiError(code: string | null, type: string, message = 'No.', param: string | null = null) {
  return { error: { message, type, param, code } };
}
