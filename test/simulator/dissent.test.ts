// Models that disagree on purpose: answers that are whole and valid, and not the one that the others give.

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { RuleBook } from '../../src/simulator/rule-book.ts';
import type { Wire } from '../../src/simulator/simulator.ts';
import { ask, request, runSimulator, SCHEMA, TEXT } from './running.ts';

const at = runSimulator();
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

interface Body {
  readonly choices: readonly {
    readonly message: {
      readonly content: string | null;
      readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
    };
    readonly finish_reason: string;
  }[];
}

async function choiceOf(fault: Fault | null, extra: object = {}, wire: Wire = 'openai') {
  const remove = fault ? at.simulator.inject({ fault }) : () => undefined;
  const body = (await (await ask(at.simulator, wire, { extra })).json()) as Body;
  remove();
  const [choice] = body.choices;
  if (!choice) throw new Error('There is no choice.');
  return choice;
}

const dissent = (seed?: string): Fault => ({ type: 'dissent', ...(seed !== undefined && { seed }) });
const asJson = (schema: object) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'wanted', schema } },
});

async function instance(fault: Fault | null, schema: object): Promise<unknown> {
  const { message } = await choiceOf(fault, asJson(schema));
  return JSON.parse(message.content ?? '');
}

const object = (properties: object) => ({ type: 'object', properties, required: Object.keys(properties) });

const roomy: readonly (readonly [string, object])[] = [
  ['enums, integers with a minimum, lists', SCHEMA],
  [
    'nested objects and arrays',
    object({ a: { type: 'array', minItems: 2, items: object({ b: { type: 'string', minLength: 200 } }) } }),
  ],
  [
    'limits of numbers',
    object({
      a: { type: 'number', exclusiveMinimum: 5, maximum: 9 },
      b: { type: 'integer', multipleOf: 7, minimum: 8 },
      c: { type: 'integer', maximum: -3, minimum: -9 },
      d: { type: 'number', minimum: 0, maximum: 1 },
      e: { type: 'number', multipleOf: 0.05 },
    }),
  ],
  ['short strings', object({ a: { type: 'string', maxLength: 1 }, b: { type: 'string', maxLength: 5 } })],
  [
    'formats',
    object(
      Object.fromEntries(
        ['date', 'date-time', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'].map((format) => [
          format,
          { type: 'string', format },
        ]),
      ),
    ),
  ],
  [
    'references, also to itself',
    {
      $ref: '#/$defs/node',
      $defs: {
        node: object({ name: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } }),
      },
    },
  ],
  ['a nullable number', object({ a: { type: ['null', 'integer'] } })],
];

describe('a dissenting answer', () => {
  test.each(roomy)('fits a schema with %s, and is wrong in every field', async (_, schema) => {
    const right = await instance(null, schema);
    const wrong = await instance(dissent('one'), schema);
    const validate = ajv.compile(schema);
    validate(wrong);
    expect(validate.errors).toBeNull();
    const [rightLeaves, wrongLeaves] = [leavesOf(right), leavesOf(wrong)];
    expect(wrongLeaves.map(([path]) => path)).toEqual(rightLeaves.map(([path]) => path));
    const kept = wrongLeaves.filter(([, value], index) => value !== null && value === rightLeaves[index]?.[1]);
    expect(kept).toEqual([]);
  });

  test.each(roomy)('of another seed is another, with %s', async (_, schema) => {
    const [one, again, two] = [
      await instance(dissent('one'), schema),
      await instance(dissent('one'), schema),
      await instance(dissent('two'), schema),
    ];
    expect(again).toEqual(one);
    expect(two).not.toEqual(one);
  });

  test('keeps what the schema leaves no choice of', async () => {
    const schema = object({ a: { const: 3 }, b: { enum: ['only'] }, c: { type: 'null' }, d: { type: 'boolean' } });
    expect(await instance(dissent(), schema)).toEqual({ a: 3, b: 'only', c: null, d: false });
  });

  test('takes another alternative where the first has no room', async () => {
    const schema = object({ a: { anyOf: [{ const: 'buy' }, { const: 'sell' }] } });
    expect(await instance(dissent(), schema)).toEqual({ a: 'sell' });
  });

  test('is far from the right number, not beside it', async () => {
    const schema = object({ lengthKm: { type: 'integer' } });
    for (const seed of ['one', 'two', 'three', 'four', 'five']) {
      const { lengthKm } = (await instance(dissent(seed), schema)) as { lengthKm: number };
      expect(Math.abs(lengthKm - 2_850)).toBeGreaterThan(285);
    }
  });

  test('without a schema is other JSON of the same shape', async () => {
    const extra = { response_format: { type: 'json_object' } };
    const right = JSON.parse((await choiceOf(null, extra)).message.content ?? '') as object;
    const wrong = JSON.parse((await choiceOf(dissent(), extra)).message.content ?? '') as object;
    expect(Object.keys(wrong)).toEqual(Object.keys(right));
    expect(wrong).not.toEqual(right);
  });

  test('calls the same tool with other arguments', async () => {
    const extra = {
      tools: [{ type: 'function', function: { name: 'store', parameters: SCHEMA } }],
      tool_choice: 'required',
    };
    const callOf = async (fault: Fault | null) => (await choiceOf(fault, extra)).message.tool_calls?.[0]?.function;
    const [right, wrong, other] = [await callOf(null), await callOf(dissent('one')), await callOf(dissent('two'))];
    expect(wrong?.name).toBe('store');
    expect(ajv.compile(SCHEMA)(JSON.parse(wrong?.arguments ?? ''))).toBe(true);
    expect(new Set([right, wrong, other].map((call) => call?.arguments)).size).toBe(3);
  });

  test('is another text of the same form', async () => {
    const extra = { messages: [{ role: 'user', content: `Summarise this as two bullet points.\n\n${TEXT}` }] };
    const textOf = async (fault: Fault | null) => (await choiceOf(fault, extra)).message.content ?? '';
    const [right, one, two] = [await textOf(null), await textOf(dissent('one')), await textOf(dissent('two'))];
    expect(new Set([right, one, two]).size).toBe(3);
    expect(one.split('\n')).toHaveLength(2);
    for (const line of one.split('\n')) expect(line).toMatch(/^- [A-Z].*\.$/);
    expect(one).not.toContain('Danube');
  });

  test('counts as answered, since it is whole and valid', async () => {
    expect(await choiceOf(dissent())).toMatchObject({ finish_reason: 'stop' });
    expect(at.simulator.requests.at(-1)).toMatchObject({ outcome: 'answered', fault: 'dissent' });
  });

  test('is the same of every model and over every wire with one seed, as errors of a common cause are', async () => {
    const contents = [
      await choiceOf(dissent('common'), { model: 'one' }),
      await choiceOf(dissent('common'), { model: 'two' }),
      await choiceOf(dissent('common'), {}, 'mistral'),
    ].map(({ message }) => message.content);
    expect(new Set(contents).size).toBe(1);
  });
});

describe('a model whose name begins with dissent', () => {
  test('dissents by itself, each name in its own way', async () => {
    const contents = [
      await choiceOf(null),
      await choiceOf(null, { model: 'dissenting' }),
      await choiceOf(null, { model: 'dissenting-otherwise' }),
    ].map(({ message }) => message.content);
    expect(new Set(contents).size).toBe(3);
    expect((await choiceOf(null, { model: 'dissenting' })).message.content).toBe(contents[1]);
  });

  test('dissents also when it is slow, and says what it is told to', async () => {
    const dissenting = { model: 'dissenting' };
    const plain = await choiceOf(null, dissenting);
    expect(await choiceOf({ type: 'delay', headersMs: 1 }, dissenting)).toEqual(plain);
    const told = await choiceOf({ type: 'answer', text: 'forty-two' }, dissenting);
    expect(told.message.content).toBe('forty-two');
  });
});

describe('a rule with a share', () => {
  const prompts = Array.from({ length: 2_000 }, (_, index) => ({ ...request, text: `Question ${index}` }));
  const befallen = (of: number, seed: string) => {
    const rules = new RuleBook();
    rules.add({ share: { of, seed }, fault: { type: 'empty' } }, 0);
    return prompts.map((each) => rules.pick(each, 0).name === 'empty');
  };
  const count = (flags: readonly boolean[]) => flags.filter(Boolean).length;

  test('befalls about that share of the requests', () => {
    expect(count(befallen(0.1, 'one'))).toBeGreaterThan(150);
    expect(count(befallen(0.1, 'one'))).toBeLessThan(250);
    expect(count(befallen(0, 'one'))).toBe(0);
    expect(count(befallen(1, 'one'))).toBe(prompts.length);
  });

  test('always befalls the same prompts, of whatever model', () => {
    const rules = new RuleBook();
    rules.add({ share: { of: 0.5, seed: 'one' }, fault: { type: 'empty' } }, 0);
    const names = prompts.map((each, index) => rules.pick({ ...each, model: `m${index}`, stream: true }, index).name);
    expect(names.map((name) => name === 'empty')).toEqual(befallen(0.5, 'one'));
  });

  test('is independent of one with another seed', () => {
    const [one, two] = [befallen(0.3, 'one'), befallen(0.3, 'two')];
    const both = count(one.map((flag, index) => flag && two[index] === true));
    // Of 2,000 prompts 180 are expected, with a standard deviation of 13.
    expect(both).toBeGreaterThan(140);
    expect(both).toBeLessThan(220);
  });

  test('leaves the others to the older rules', () => {
    const rules = new RuleBook();
    rules.add({ fault: { type: 'reset' } }, 0);
    rules.add({ share: { of: 0.5, seed: 'one' }, fault: { type: 'empty' } }, 0);
    expect(new Set(prompts.map((each) => rules.pick(each, 0).name))).toEqual(new Set(['empty', 'reset']));
  });

  test('goes by the text of the prompt that came over the wire', async () => {
    at.simulator.inject({ share: { of: 0.5, seed: 'one' }, fault: { type: 'dissent' } });
    const texts = Array.from({ length: 12 }, (_, index) => `Which river is number ${index}?`);
    const fates = async (wire: Wire) => {
      for (const text of texts) await ask(at.simulator, wire, { text });
      return at.simulator.requests.slice(-texts.length).map(({ fault }) => fault ?? null);
    };
    const overOpenai = await fates('openai');
    expect(await fates('google')).toEqual(overOpenai);
    expect(new Set(overOpenai)).toEqual(new Set(['dissent', null]));
    expect(at.simulator.requests[0]?.text).toBe('Which river is number 0?');
  });
});

function leavesOf(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${path}/${key}`));
}
