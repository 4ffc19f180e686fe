// Reads what an error body says, in any of the shapes that providers use. Must not judge it.

import { isRecord } from '../sse.ts';

export interface ErrorWords {
  readonly message: string;
  readonly type: string;
  /** As text, also when the provider sends a number. */
  readonly code: string;
  readonly param: string | null;
  /** The object that holds the words, for what only one vendor has. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export function errorWords(body: unknown): ErrorWords {
  const fields = errorFields(body);
  return {
    message: textOf(fields['message']) || textOf(fields['detail']),
    type: textOf(fields['type']),
    code: textOf(fields['code']),
    param: textOf(fields['param']) || null,
    fields,
  };
}

/** Whether a document is an error, whatever its status says. */
export function isErrorBody(body: unknown): boolean {
  return isRecord(body) && (Boolean(body['error']) || body['object'] === 'error');
}

/** A status that a body names by itself: gateways send errors inside a 200. */
export function statusInBody(body: unknown): number | null {
  const { fields } = errorWords(body);
  for (const value of [fields['code'], fields['status'], fields['status_code'], fields['raw_status_code']]) {
    const status = Number(textOf(value));
    if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  return null;
}

export function matches(text: string, ...patterns: readonly RegExp[]): boolean {
  return patterns.some((pattern) => pattern.test(text));
}

function errorFields(body: unknown): Readonly<Record<string, unknown>> {
  // Gemini wraps the error of a stream into an array.
  const outer: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(outer)) return {};
  const error = outer['error'];
  if (isRecord(error)) return error;
  return typeof error === 'string' ? { message: error } : outer;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
