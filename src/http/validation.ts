// What zod finds wrong with a request, as one error that names the field. Never repeats what the client sent:
// it may be a prompt.

import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { unsupportedParams } from './chat-schema.ts';
import type { ErrorCode } from './errors.ts';
import { ApiError } from './errors.ts';

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data) => {
    const parsed = schema.safeParse(data ?? (httpPart === 'body' ? undefined : {}));
    return parsed.success ? { value: parsed.data } : { error: validationError(parsed.error, data) };
  };
};

interface Fault {
  readonly code: ErrorCode;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export function validationError(error: z.ZodError, data: unknown): ApiError {
  const faults = error.issues.flatMap((issue) => faultsOf(issue, data));
  // A field that is not supported explains others that go with it (`stream` and `stream_options`).
  const fault = faults.find(({ code }) => code === 'unsupported_parameter') ?? faults[0];
  if (!fault || fault.path.length === 0) {
    return new ApiError({ code: 'invalid_value', message: 'The body must be a JSON object.' });
  }
  const param = paramOf(fault.path);
  return new ApiError({ code: fault.code, message: `${param} ${fault.message}.`, param });
}

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, data: unknown): readonly Fault[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'unknown_parameter',
      path: [...path, key],
      message: 'is not a known parameter',
    }));
  }
  if (issue.code === 'invalid_union') return unionFaults(issue, data);
  if (asksForTheUnsupported(issue)) {
    return [{ code: 'unsupported_parameter', path, message: issue.message }];
  }
  if (path.length > 0 && valueAt(data, path) === undefined) {
    return [{ code: 'missing_required_parameter', path, message: 'is missing' }];
  }
  return [{ code: 'invalid_value', path, message: worded(issue.message) }];
}

function asksForTheUnsupported(issue: Issue): boolean {
  if (issue.code === 'custom') return issue.params?.['isUnsupported'] === true;
  const { path, message } = issue;
  return path.length === 1 && (unsupportedParams.has(String(path[0])) || message.startsWith('is not supported'));
}

/** Of the forms that a value may have, the one that it was meant to be, which it fits best: only its faults help. */
function unionFaults(issue: Extract<Issue, { code: 'invalid_union' }>, data: unknown): readonly Fault[] {
  const { path } = issue;
  const possible = issue.errors.filter(
    ([first]) => first && !(first.path.length === 0 && ['invalid_type', 'invalid_value'].includes(first.code)),
  );
  const [meant] = possible
    .map((inside) => inside.flatMap((inner) => faultsOf({ ...inner, path: [...path, ...inner.path] }, data)))
    .sort((a, b) => a.length - b.length);
  if (meant) return meant;
  if (valueAt(data, path) === undefined) {
    return [{ code: 'missing_required_parameter', path, message: 'is missing' }];
  }
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
  const message =
    options.length > 0 ? `must be one of ${options.map((option) => `"${String(option)}"`).join(', ')}` : issue.message;
  return [{ code: 'invalid_value', path, message: worded(message) }];
}

/** Zod's own messages begin with a capital: they follow the field's name as a remark. */
function worded(message: string): string {
  return /^[A-Z]/.test(message) ? `is not valid (${message})` : message;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
}

/** `messages[0].content[1].text`, as OpenAI writes it; no longer than a name may be. */
function paramOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key).slice(0, 64)}`))
    .join('');
}
