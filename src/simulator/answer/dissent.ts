// The answer of a model that disagrees: as whole and valid as the right one, of the same shape, and wrong in every field
// that the schema leaves room for. Deterministic, and the same for every model and wire that has the seed.

import type { JsonSchema } from '../../domain/prompt.ts';
import { drawn } from '../drawn.ts';
import { isJson, objectOf } from '../wires/read-json.ts';
import type { Ask, Reply } from '../wires/wire.ts';
import { answer, callTool, jsonOf, say, wantsJson } from './answer.ts';
import { instanceOf } from './instance.ts';
import { numberUnlike, stringUnlike, textUnlike } from './other-values.ts';
import { choicesOf, resolve, typeOf } from './schema.ts';

export function dissent(ask: Ask, seed: string): Reply {
  // Once for all fields: a prompt may be long.
  const own = String(drawn(seed, ask.text));
  const draw = (path: string) => (round: number) => drawn(own, path, String(round));
  if (ask.tool) {
    const { name, parameters } = ask.tool;
    const right = instanceOf(parameters, ask.text);
    return callTool(ask, { name, arguments: unlike({ right, schema: parameters, root: parameters, path: '', draw }) });
  }
  if (!wantsJson(ask)) return say(ask, textUnlike(answer(ask).text.join(''), draw('')));
  const { value: right, schema } = jsonOf(ask);
  const root = schema ?? {};
  return say(ask, JSON.stringify(unlike({ right, schema: root, root, path: '', draw })));
}

interface Part {
  readonly right: unknown;
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  readonly path: string;
  /** The numbers drawn for a path, by round, each from 0 to 1. */
  readonly draw: (path: string) => (round: number) => number;
}

function unlike(part: Part): unknown {
  const { right, root, path } = part;
  const schema = resolve(part.schema, root);
  const draw = part.draw(path);
  // Something in the place of nothing would be another shape.
  if (schema['const'] !== undefined || right === null) return right;
  if (Array.isArray(schema['enum']))
    return (
      anyOf(
        schema['enum'].filter((value) => value !== right),
        draw,
      ) ?? right
    );
  const choices = choicesOf(schema);
  if (choices.length > 0) return unlikeIn(choices, part);
  if (typeof right === 'string') return stringUnlike(right, schema, draw);
  if (typeof right === 'number') return numberUnlike(right, schema, draw);
  if (typeof right === 'boolean') return !right;
  const inner = (value: unknown, key: string, of: unknown) =>
    unlike({ ...part, right: value, schema: objectOf(of), path: `${path}/${key}` });
  if (Array.isArray(right)) return right.map((item: unknown, index) => inner(item, String(index), schema['items']));
  if (!isJson(right)) return right;
  const properties = objectOf(schema['properties']);
  return Object.fromEntries(Object.entries(right).map(([name, value]) => [name, inner(value, name, properties[name])]));
}

/** Stays with the alternative that the right value is of, unless that has no other value. */
function unlikeIn(choices: readonly JsonSchema[], part: Part): unknown {
  const { right, root } = part;
  const resolved = choices.map((choice) => resolve(choice, root));
  const own = resolved.find((choice) => isOf(right, choice)) ?? {};
  const other = unlike({ ...part, schema: own });
  if (JSON.stringify(other) !== JSON.stringify(right)) return other;
  const definitions = { $defs: root['$defs'], definitions: root['definitions'] };
  const rest = resolved.filter((choice) => choice !== own && typeOf(choice) !== 'null');
  const values = rest.map((choice) => instanceOf({ ...definitions, ...choice }, part.path));
  return anyOf(values, part.draw(part.path)) ?? right;
}

function isOf(value: unknown, choice: JsonSchema): boolean {
  if (choice['const'] !== undefined) return choice['const'] === value;
  if (Array.isArray(choice['enum'])) return choice['enum'].includes(value);
  const kind = Array.isArray(value) ? 'array' : typeof value;
  return typeOf(choice).replace('integer', 'number') === kind;
}

function anyOf(values: readonly unknown[], draw: (round: number) => number): unknown {
  return values[Math.floor(draw(0) * values.length)];
}
