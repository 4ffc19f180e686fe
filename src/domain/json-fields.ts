// A JSON value made ready to be compared: a tree of fields, each read by the rules of its path and by what the schema
// says of it. Done once for each answer, so that comparing two of them is quick.

import type { ComparableText } from './compare-text.ts';
import { comparableText, normalText } from './compare-text.ts';
import { instantOf } from './iso-date.ts';
import { canonicalJson, isRecord } from './json-value.ts';
import type { FieldRules, JsonCompare } from './model-settings.ts';
import type { JsonSchema } from './prompt.ts';
import type { SchemasAt } from './schema-at.ts';
import { isDate, isEnum, isSet, schemasOf, schemasOfElements, schemasOfKey } from './schema-at.ts';

export type Field = LeafField | ObjectField | ListField | SetField;

interface CommonField {
  /** The same for fields that were read as the same, of whichever answer. NaN: of no answer, and the same as none. */
  readonly id: number;
  /** What all leaves below it count for: whole, so that sums are exact, whatever their order. */
  readonly weight: number;
  /** How much work comparing it is, in leaves. */
  readonly size: number;
  readonly value: unknown;
}

/** What is compared as one: a scalar, a value that is left out, or one that lies too deep. */
export interface LeafField extends CommonField {
  readonly kind: 'null' | 'free' | 'text' | 'number' | 'other';
  readonly text: ComparableText | null;
  readonly relativeTolerance: number;
}

export interface ObjectField extends CommonField {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, Field>;
}

export interface ListField extends CommonField {
  readonly kind: 'list';
  readonly elements: readonly Field[];
  /** Of the elements, some hold lists themselves. */
  readonly isNested: boolean;
}

export interface SetField extends CommonField {
  readonly kind: 'set';
  /** All of them, as they came. */
  readonly elements: readonly Field[];
}

/** Reads values that are to be compared with each other. */
export function fieldReader(compare: JsonCompare, schema: JsonSchema | null): (value: unknown) => Field {
  const ids = new Map<string, number>();
  const reader: Reader = {
    root: schema ?? {},
    rules: new Map(Object.entries(compare.fields).map(([path, rules]) => [rootedPath(path), rules])),
    idOf: (content) => {
      const id = ids.get(content) ?? ids.size;
      ids.set(content, id);
      return id;
    },
  };
  const { type: _, threshold: __, fields: ___, ...whole } = compare;
  const rules = rulesAt(reader, '$', whole);
  return (value) => read(reader, value, { schemas: [reader.root], path: '$', rules, depth: 0 });
}

/** The path of an object's key, below that of the object. The root is `$` only where there is nothing to add. */
export function keyPath(path: string, key: string): string {
  return path === '$' ? key : `${path}.${key}`;
}

/** Of a weight of 1. */
const WEIGHT_UNITS = 1_000_000;

interface Reader {
  readonly root: JsonSchema;
  readonly rules: ReadonlyMap<string, FieldRules>;
  readonly idOf: (content: string) => number;
}

type Rules = FieldRules & Omit<JsonCompare, 'type' | 'threshold' | 'fields'>;

interface Place {
  readonly schemas: SchemasAt;
  /** With `[]` for any index. */
  readonly path: string;
  readonly rules: Rules;
  readonly depth: number;
}

/** `$.a` and `[].a` are written by those who think of the root. */
function rootedPath(path: string): string {
  if (path.startsWith('$.')) return path.slice(2);
  return path.startsWith('[') ? `$${path}` : path;
}

/** Below it, values are compared whole. */
const MAX_DEPTH = 100;

/** The deepest rule wins, option by option. What is `free` stays so for all below it. */
function rulesAt(reader: Reader, path: string, above: Rules): Rules {
  const own = reader.rules.get(path);
  return own ? { ...above, ...own } : above;
}

function read(reader: Reader, value: unknown, place: Place): Field {
  const { rules, depth } = place;
  if (rules.free === true) return { ...leaf(reader, { kind: 'free', content: '', value, rules }), weight: 0 };
  if (value === null || value === undefined) return leaf(reader, { kind: 'null', content: '', value, rules });
  if (typeof value === 'number') return leaf(reader, { kind: 'number', content: `${value + 0}`, value, rules });
  if (typeof value === 'boolean') return leaf(reader, { kind: 'other', content: `${value}`, value, rules });
  const schemas = schemasOf({ at: place.schemas, value, root: reader.root });
  if (typeof value === 'string') return readText(reader, value, { schemas, rules });
  if (depth >= MAX_DEPTH) return leaf(reader, { kind: 'other', content: `json ${canonicalJson(value)}`, value, rules });
  const below = { ...place, depth: depth + 1 };
  return isRecord(value)
    ? readObject(reader, value, { ...below, schemas })
    : readList(reader, value as readonly unknown[], { ...below, schemas });
}

function leaf(
  reader: Reader,
  of: {
    readonly kind: LeafField['kind'];
    /** What makes it the same as another of its kind. */
    readonly content: string;
    readonly value: unknown;
    readonly rules: Rules;
    readonly text?: ComparableText;
  },
): LeafField {
  const { kind, content, value, rules, text = null } = of;
  return {
    kind,
    id: reader.idOf(`${kind} ${content}`),
    weight: weightOf(rules),
    size: text === null || text.similarity >= 1 ? 1 : text.text.length + 1,
    value,
    text,
    relativeTolerance: rules.relativeTolerance,
  };
}

function weightOf(rules: Rules): number {
  return Math.round((rules.weight ?? 1) * WEIGHT_UNITS);
}

interface Read {
  /** Resolved: those that apply to the value itself. */
  readonly schemas: readonly JsonSchema[];
  readonly rules: Rules;
}

function readText(reader: Reader, value: string, { schemas, rules }: Read): Field {
  const instant = rules.as === 'date' || isDate(schemas) ? instantOf(value) : null;
  if (instant !== null) return leaf(reader, { kind: 'other', content: `date ${instant}`, value, rules });
  const text = isEnum(schemas) ? comparableText(value, 1) : comparableText(normalLeaf(value, rules), rules.similarity);
  return leaf(reader, { kind: 'text', content: text.text, value, rules, text });
}

/** A text of nothing but marks is compared with them: else "$" and "€" were the same. */
function normalLeaf(value: string, rules: Rules): string {
  return normalText(value, rules) || normalText(value, { ...rules, ignorePunctuation: false });
}

/** Its place is resolved, and one deeper. */
type Below = Read & Pick<Place, 'path' | 'depth'>;

function readObject(reader: Reader, value: Readonly<Record<string, unknown>>, at: Below): ObjectField {
  const fields = new Map<string, Field>();
  for (const key of Object.keys(value)) {
    const path = keyPath(at.path, key);
    const place = {
      path,
      depth: at.depth,
      rules: rulesAt(reader, path, at.rules),
      schemas: schemasOfKey(at.schemas, key),
    };
    fields.set(key, read(reader, value[key], place));
  }
  const contents = [...fields]
    .filter(([, field]) => field.kind !== 'free')
    .map(([key, field]) => `${JSON.stringify(key)}:${field.id}`)
    .sort();
  const id = reader.idOf(`object ${contents.join(',')}`);
  return { kind: 'object', id, ...sums([...fields.values()], at.rules), value, fields };
}

function readList(reader: Reader, value: readonly unknown[], at: Below): ListField | SetField {
  const path = `${at.path}[]`;
  const place = { path, depth: at.depth, rules: rulesAt(reader, path, at.rules) };
  const schemasAt = schemasOfElements(at.schemas);
  const elements = value.map((element, index) => read(reader, element, { ...place, schemas: schemasAt(index) }));
  const ids = elements.map((element) => element.id);
  if (at.rules.as === 'set' || isSet(at.schemas)) {
    const id = reader.idOf(`set ${[...new Set(ids)].sort((a, b) => a - b).join(',')}`);
    return { kind: 'set', id, ...sums(distinct(elements), at.rules), value, elements };
  }
  const id = reader.idOf(`list ${ids.join(',')}`);
  return { kind: 'list', id, ...sums(elements, at.rules), value, elements, isNested: elements.some(holdsList) };
}

/** Each content once. */
export function distinct(elements: readonly Field[]): readonly Field[] {
  return [...new Map(elements.map((element) => [element.id, element])).values()];
}

/** An empty object or array is a leaf: that it is empty is what it says. */
function sums(parts: readonly Field[], rules: Rules): Pick<Field, 'weight' | 'size'> {
  let [weight, size] = [0, 1];
  for (const part of parts) {
    weight += part.weight;
    size += part.size;
  }
  return { weight: parts.length > 0 ? weight : weightOf(rules), size };
}

function holdsList(field: Field): boolean {
  if (field.kind === 'object') return [...field.fields.values()].some(holdsList);
  return field.kind === 'list' || field.kind === 'set';
}
