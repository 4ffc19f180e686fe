// Zod's issues as sentences for whoever wrote the file. A sentence never repeats a value: it may be a key.

import type * as z from 'zod';

export interface FieldFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export const UNKNOWN_FIELD = 'unknown field';

/** Zod's error map: says it where a field of the schema has no words of its own. */
export function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return issue.input === undefined ? 'is missing' : MUST_BE[issue.expected];
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue.code !== 'too_small') return undefined;
  if (issue.origin === 'array') return 'needs at least one entry';
  return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
}

export function fieldFaults(issues: readonly z.core.$ZodIssue[]): readonly FieldFault[] {
  return issues.flatMap((issue): readonly FieldFault[] => {
    const { path, message } = issue;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key], message: UNKNOWN_FIELD }));
    }
    const inside = issue.code === 'invalid_union' ? faultsInside(issue) : undefined;
    return inside ? inside.map((fault) => ({ ...fault, path: [...path, ...fault.path] })) : [{ path, message }];
  });
}

/** The branch of a union that takes this form of value knows what is wrong inside it: of several, the one it fits best. */
function faultsInside(issue: z.core.$ZodIssueInvalidUnion): readonly FieldFault[] | undefined {
  return issue.errors
    .filter((branch) => !branch.some(isWrongForm))
    .map(fieldFaults)
    .sort((a, b) => a.length - b.length)[0];
}

function isWrongForm({ code, path }: z.core.$ZodIssue): boolean {
  return (code === 'invalid_type' || code === 'invalid_value') && path.length === 0;
}

/** Error of a discriminated union: what its discriminator may be, and nothing where there is none to speak of. */
export function mustBeOneOf(...values: readonly string[]) {
  return ({ code }: z.core.$ZodRawIssue) =>
    code === 'invalid_union' ? `must be one of ${values.join(', ')}` : undefined;
}

const MUST_BE: Readonly<Record<string, string>> = {
  string: 'must be a text',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  object: 'must be a mapping',
  record: 'must be a mapping',
};
