// JSON Schemas of clients and configurations: compiled once, and what is wrong with a text by them.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { parseJson } from '../../src/domain/json-value.ts';
import type { JsonSchema } from '../../src/domain/prompt.ts';
import { withinTime } from './within-time.ts';

export type SchemaCheck =
  /** What is wrong, which may quote the text, or null. */
  | { readonly type: 'checker'; readonly faultOf: (text: string) => string | null }
  | { readonly type: 'invalid'; readonly because: string };

/** Compiles a schema, or says why it is none. */
export function schemaCheck(schema: JsonSchema): SchemaCheck {
  const key = JSON.stringify(schema);
  if (key.length > MAX_LENGTH) return { type: 'invalid', because: `it is longer than ${MAX_LENGTH} characters` };
  const known = compiled.get(key);
  if (known) return known;
  const check = compile(schema);
  // Schemas are few and come again and again; the bound is against a client that makes each one new.
  if (compiled.size >= MAX_COMPILED) compiled.delete(compiled.keys().next().value ?? '');
  compiled.set(key, check);
  return check;
}

const compiled = new Map<string, SchemaCheck>();
const MAX_COMPILED = 200;
/** Compiling holds up everything else: it takes a second for so much, and OpenAI takes less. */
const MAX_LENGTH = 200_000;

function compile(schema: JsonSchema): SchemaCheck {
  // An instance of its own for each: Ajv refuses a second schema of the same `$id`.
  // Inlined, what is referred to in many places would be compiled as many times.
  const options = { strict: false, logger: false, validateFormats: true, allErrors: true, inlineRefs: false } as const;
  const ajv = String(schema['$schema']).includes('2020-12') ? new Ajv2020(options) : new Ajv(options);
  ajvFormats.default(ajv);
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    return { type: 'invalid', because: error instanceof Error ? error.message : String(error) };
  }
  if ('$async' in validate) return { type: 'invalid', because: 'schemas with $async are not taken' };
  return {
    type: 'checker',
    faultOf: (text) => {
      const value = parseJson(text);
      if (value === undefined) return 'it is no JSON';
      // A pattern in it is a regular expression of JavaScript, which can be made to take for ever.
      const isValid = withinTime(LIMIT_MS, () => validate(value));
      if (isValid === null) return `it could not be held against the schema within ${LIMIT_MS} ms`;
      return isValid.value ? null : wordsOf(validate.errors ?? []);
    },
  };
}

const LIMIT_MS = 500;

/** Enough to put the answer right by; alternatives of a schema each have errors of their own. */
const MAX_ERRORS = 8;

function wordsOf(errors: readonly ErrorObject[]): string {
  const words = errors.slice(0, MAX_ERRORS).map(({ instancePath, message = 'is not valid', keyword, params }) => {
    const place = instancePath === '' ? 'the value' : instancePath;
    const more = MORE.get(keyword);
    return `${place} ${message}${more === undefined ? '' : ` (${JSON.stringify(params[more])})`}`;
  });
  return [...new Set(words)].join('; ');
}

/** What the message of a keyword leaves out. */
const MORE = new Map([
  ['additionalProperties', 'additionalProperty'],
  ['unevaluatedProperties', 'unevaluatedProperty'],
  ['enum', 'allowedValues'],
  ['const', 'allowedValue'],
]);
