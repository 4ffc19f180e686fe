// Reads a JSON Schema as far as the simulator knows it: types, references, alternatives, ranges of numbers.

import type { JsonSchema } from '../../domain/prompt.ts';
import { isJson, numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../wires/read-json.ts';

/** Gemini writes OBJECT for object; of several types the first that is not null is taken. */
export function typeOf(schema: JsonSchema): string {
  const named = stringsOf(schema['type']).map((name) => name.toLowerCase());
  const type = named.find((name) => name !== 'null') ?? named[0];
  return type ?? (isJson(schema['properties']) ? 'object' : 'string');
}

/** One of them has to fit; none: the schema has no alternatives. */
export function choicesOf(schema: JsonSchema): readonly JsonSchema[] {
  return objectsOf(schema['anyOf'] ?? schema['oneOf']);
}

export interface NumberRange {
  /** The lowest that is taken where nothing says how low it may be is 0. */
  readonly low: number;
  readonly high: number;
  readonly step: number;
  /** It is within all limits, whatever the step. */
  readonly fits: (value: number) => boolean;
}

export function rangeOf(schema: JsonSchema): NumberRange {
  const step = numberOf(schema['multipleOf']) ?? 1;
  const above = numberOf(schema['exclusiveMinimum']);
  const low = numberOf(schema['minimum']) ?? (above === null ? 0 : above + step);
  const high = numberOf(schema['maximum']) ?? Infinity;
  const below = numberOf(schema['exclusiveMaximum']) ?? Infinity;
  return { low, high, step, fits: (value) => value >= low && value <= high && value < below };
}

/** The schema itself, with its reference followed and its parts put together. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const ref = stringOf(schema['$ref']);
  if (ref.startsWith('#')) {
    const found = ref
      .slice(1)
      .split('/')
      .filter(Boolean)
      .reduce<unknown>((at, key) => objectOf(at)[key], root);
    return resolve(objectOf(found), root);
  }
  const [first, ...others] = objectsOf(schema['allOf']);
  return first ? others.reduce((all, each) => merge(all, resolve(each, root)), resolve(first, root)) : schema;
}

function merge(one: JsonSchema, other: JsonSchema): JsonSchema {
  return {
    ...one,
    ...other,
    properties: { ...objectOf(one['properties']), ...objectOf(other['properties']) },
    required: [...stringsOf(one['required']), ...stringsOf(other['required'])],
  };
}
