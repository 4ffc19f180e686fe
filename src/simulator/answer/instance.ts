// A minimal instance of a JSON Schema, filled with sentences and numbers of a text. Knows the keywords that structured
// outputs allow (and Gemini's upper-case type names), not the whole of JSON Schema.

import type { JsonSchema } from '../../domain/prompt.ts';
import { numberOf, objectOf, stringOf, stringsOf } from '../wires/read-json.ts';
import { choicesOf, rangeOf, resolve, typeOf } from './schema.ts';
import { sentencesOf } from './summary.ts';

export function instanceOf(schema: JsonSchema, text: string): unknown {
  const sentences = sentencesOf(text);
  const numbers = (text.slice(0, 10_000).match(/\b\d+(?:\.\d+)?\b/g) ?? []).map(Number);
  let said = 0;
  const source: Source = {
    root: schema,
    sentence: () => sentences[said++ % sentences.length] ?? 'A simulated value.',
    number: (fits) => numbers.find(fits),
  };
  return build({ schema, source, depth: 0 });
}

interface Source {
  readonly root: JsonSchema;
  readonly sentence: () => string;
  readonly number: (fits: (value: number) => boolean) => number | undefined;
}

interface Part {
  readonly schema: JsonSchema;
  readonly source: Source;
  readonly depth: number;
}

/** A schema that refers to itself has to end somewhere. */
const MAX_DEPTH = 12;

function build(part: Part): unknown {
  const { source } = part;
  const schema = resolve(part.schema, source.root);
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const choices = choicesOf(schema);
  const choice = part.depth > MAX_DEPTH ? choices.find((each) => typeOf(each) === 'null') : choices[0];
  if (choice) return build({ ...part, schema: choice, depth: part.depth + 1 });
  const inner = { ...part, schema };
  const make = makers[typeOf(schema)];
  return make ? make(inner) : null;
}

const makers: Readonly<Record<string, (part: Part) => unknown>> = {
  object: buildObject,
  array: buildArray,
  string: buildString,
  number: (part) => buildNumber(part, Number.isFinite),
  integer: (part) => buildNumber(part, Number.isInteger),
  boolean: () => true,
};

function buildObject({ schema, source, depth }: Part): unknown {
  const properties = objectOf(schema['properties']);
  const required = stringsOf(schema['required']);
  const names = required.length > 0 || depth > MAX_DEPTH ? required : Object.keys(properties);
  const entries = names.map((name) => [name, build({ schema: objectOf(properties[name]), source, depth: depth + 1 })]);
  return Object.fromEntries(entries);
}

function buildArray({ schema, source, depth }: Part): unknown {
  const length = numberOf(schema['minItems']) ?? (depth > MAX_DEPTH || schema['maxItems'] === 0 ? 0 : 1);
  return Array.from({ length }, () => build({ schema: objectOf(schema['items']), source, depth: depth + 1 }));
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  duration: 'PT1M',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function buildString({ schema, source }: Part): string {
  const formatted = FORMATS[stringOf(schema['format'])];
  if (formatted !== undefined) return formatted;
  const text = source.sentence().padEnd(numberOf(schema['minLength']) ?? 0, '.');
  return text.slice(0, numberOf(schema['maxLength']) ?? Infinity);
}

/** The text's first number that fits, else the lowest that does. */
function buildNumber({ schema, source }: Part, isKind: (value: number) => boolean): number {
  const { low, high, step, fits } = rangeOf(schema);
  const found = source.number((value) => isKind(value) && fits(value) && Number.isInteger(value / step));
  return found ?? Math.min(Math.ceil(low / step) * step, high);
}
