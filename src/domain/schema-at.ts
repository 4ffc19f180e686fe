// What a client's JSON Schema says of a value and of what is below it: as much as comparing needs, never a validation.
// The schema may be wrong, hostile or circular; then it says less.

import { isRecord, ownValue } from './json-value.ts';
import type { JsonSchema } from './prompt.ts';

/** Of one place, unresolved: what the schemas above say of it. */
export type SchemasAt = readonly unknown[];

/**
 * The plain schemas that apply to the value: references followed (within the document), `allOf` merged, of `anyOf` and
 * `oneOf` the first branch that the value's type fits.
 */
export function schemasOf(input: {
  readonly at: SchemasAt;
  readonly value: unknown;
  readonly root: JsonSchema;
}): readonly JsonSchema[] {
  const { at, value, root } = input;
  const known = new Map<JsonSchema, boolean>();
  const found = new Set<JsonSchema>();
  const pending = [...at];
  // Each schema counts once, however often it is referred to: so this ends.
  while (pending.length > 0) {
    const schema = pending.pop();
    if (!isRecord(schema) || found.has(schema) || found.size >= MAX_SCHEMAS) continue;
    found.add(schema);
    pending.push(referred(schema.$ref, root));
    for (const part of listOf(schema.allOf)) pending.push(part);
    for (const branches of [schema.anyOf, schema.oneOf]) {
      pending.push(listOf(branches).find((branch) => fits({ schema: branch, value, root, known })));
    }
  }
  return [...found];
}

/** So many are looked at for one value: none needs more, and a hostile one gets no further. */
const MAX_SCHEMAS = 200;

/** Of the value of an object's key. `patternProperties` are left aside: a client's pattern could take for ever. */
export function schemasOfKey(schemas: readonly JsonSchema[], key: string): SchemasAt {
  return schemas.flatMap((schema) => {
    const { properties } = schema;
    if (isRecord(properties) && Object.hasOwn(properties, key)) return [properties[key]];
    return [schema.additionalProperties];
  });
}

/** By index; the same list for all that are alike, for there may be very many. */
export function schemasOfElements(schemas: readonly JsonSchema[]): (index: number) => SchemasAt {
  // Drafts before 2020-12 have the first ones in `items`.
  const parts = schemas.map(({ items, prefixItems, additionalItems }) =>
    Array.isArray(items)
      ? { first: listOf(items), rest: additionalItems }
      : { first: listOf(prefixItems), rest: items },
  );
  const rest = parts.map((part) => part.rest);
  return (index) => {
    if (parts.every(({ first }) => index >= first.length)) return rest;
    return parts.map((part) => (index < part.first.length ? part.first[index] : part.rest));
  };
}

export function isSet(schemas: readonly JsonSchema[]): boolean {
  return schemas.some((schema) => schema.uniqueItems === true);
}

export function isDate(schemas: readonly JsonSchema[]): boolean {
  return schemas.some((schema) => schema.format === 'date' || schema.format === 'date-time');
}

/** The value is one of a few that the schema names: it is compared to the character. */
export function isEnum(schemas: readonly JsonSchema[]): boolean {
  return schemas.some((schema) => Array.isArray(schema.enum) || Object.hasOwn(schema, 'const'));
}

/** By a JSON pointer into the document. */
function referred(reference: unknown, root: JsonSchema): unknown {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/u.test(reference)) return undefined;
  let at: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isRecord(at)) at = ownValue(at, key);
    else at = listOf(at)[Number(key)];
  }
  return at;
}

interface Fitting {
  readonly schema: unknown;
  readonly value: unknown;
  readonly root: JsonSchema;
  /** Of this value: a schema that refers to itself fits as far as that goes. */
  readonly known: Map<JsonSchema, boolean>;
}

/** By its type and its constants; those of its properties tell the branches of a tagged union apart. */
function fits(fitting: Fitting): boolean {
  const { schema, value, root, known } = fitting;
  if (!isRecord(schema)) return schema !== false;
  const before = known.get(schema);
  if (before !== undefined || known.size >= MAX_SCHEMAS) return before ?? true;
  known.set(schema, true);
  const alsoFits = (other: unknown) => fits({ ...fitting, schema: other });
  const branches = [schema.anyOf, schema.oneOf].map(listOf).filter((list) => list.length > 0);
  const isFitting =
    fitsType(schema, value) &&
    fitsConstants(schema, value) &&
    fitsTags(schema, value) &&
    alsoFits(referred(schema.$ref, root)) &&
    listOf(schema.allOf).every(alsoFits) &&
    branches.every((list) => list.some(alsoFits));
  known.set(schema, isFitting);
  return isFitting;
}

function fitsType(schema: JsonSchema, value: unknown): boolean {
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type])
    .filter((type) => typeof type === 'string')
    // Google's are in capitals.
    .map((type) => type.toLowerCase());
  if (types.length > 0) return typesOf(value).some((type) => types.includes(type));
  // Without a type, its keywords tell.
  if (isRecord(schema.properties)) return isRecord(value);
  return schema.items === undefined || Array.isArray(value);
}

function typesOf(value: unknown): readonly string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
}

/** Schemas name scalars; anything else would have to be walked. */
function fitsConstants(schema: JsonSchema, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return true;
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  return !Object.hasOwn(schema, 'const') || schema.const === value;
}

function fitsTags(schema: JsonSchema, value: unknown): boolean {
  const { properties } = schema;
  if (!isRecord(properties) || !isRecord(value)) return true;
  return Object.entries(properties).every(
    ([key, property]) => !isRecord(property) || !Object.hasOwn(value, key) || fitsConstants(property, value[key]),
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
