// Answers that ought to be JSON: wrapping fences, text that was left open, and the schema. It repairs nothing.

import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { JsonSchema } from '../../src/domain/prompt.ts';

/** A whole answer in one Markdown fence is a habit of many models; anything around it is left as it is. */
export function withoutFences(text: string): string {
  return FENCED.exec(text)?.[1] ?? text;
}

const FENCED = /^\s*```[a-zA-Z]*[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```\s*$/;

export function isJson(text: string): boolean {
  return parseJson(text) !== undefined;
}

/** JSON that begins well and whose end is missing: a cut, whatever the finish reason says. */
export function isLeftOpen(text: string): boolean {
  const json = text.replace(/^\s*```[a-zA-Z]*\s*/, '').trimStart();
  if (json[0] !== '{' && json[0] !== '[') return false;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (isInString) {
      if (character === '\\') index++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
  }
  return isInString || depth > 0;
}

export type SchemaCheck =
  | { readonly type: 'checker'; readonly isValid: (text: string) => boolean }
  | { readonly type: 'invalid'; readonly because: string };

/** Compiles a client's schema, or says why it is none. */
export function schemaCheck(schema: JsonSchema): SchemaCheck {
  const key = JSON.stringify(schema);
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

function compile(schema: JsonSchema): SchemaCheck {
  // An instance of its own for each: Ajv refuses a second schema of the same `$id`.
  const options = { strict: false, logger: false, validateFormats: true } as const;
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
    isValid: (text) => {
      const value = parseJson(text);
      return value !== undefined && validate(value);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
