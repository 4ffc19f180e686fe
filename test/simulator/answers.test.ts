// What a simulated model says when nothing is wrong: telling, deterministic, and true to a schema.

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { instanceOf } from '../../src/simulator/answer/instance.ts';
import { summarize } from '../../src/simulator/answer/summary.ts';
import { ask, runSimulator, TEXT } from './running.ts';

const at = runSimulator();

describe('a summary', () => {
  const system = '';

  test.each([
    ['Summarise this as three bullet points.', 3],
    ['Give me 2 short bullet points about the text.', 2],
    ['List it as bullet points.', 3],
  ])('has as many bullet points as asked: %s', (instruction, count) => {
    const lines = summarize({ text: `${instruction}\n\n${TEXT}`, system }).split('\n');
    expect(lines).toHaveLength(count);
    for (const line of lines) expect(line).toMatch(/^- [A-Z].*\.$/);
  });

  test('hears the wish of the system prompt too', () => {
    expect(summarize({ text: TEXT, system: 'Answer as four bullet points.' }).split('\n')).toHaveLength(4);
  });

  test('consists of sentences of the text, in its order and without the instruction', () => {
    const summary = summarize({ text: TEXT, system });
    const positions = summary.split(/(?<=\.) /).map((sentence) => TEXT.replace(/\s+/g, ' ').indexOf(sentence));
    expect(positions).toHaveLength(2);
    expect(positions[0]).toBeGreaterThan(0);
    expect(positions[1]).toBeGreaterThan(positions[0] ?? 0);
    expect(summary).not.toContain('Answer in');
  });

  test('of a question without a text says that it is simulated', () => {
    expect(summarize({ text: 'What is 6 × 7?', system })).toBe('A simulated answer to: What is 6 × 7?');
    expect(summarize({ text: '', system })).toBe('A simulated answer.');
  });

  test('of ten megabytes takes no more than a moment', () => {
    const startedMs = performance.now();
    summarize({ text: TEXT.repeat(30_000), system });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });
});

describe('an instance', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);

  test.each([
    [
      'nested objects and arrays',
      {
        type: 'object',
        properties: {
          a: {
            type: 'array',
            minItems: 2,
            items: { type: 'object', properties: { b: { type: 'string', minLength: 200 } }, required: ['b'] },
          },
        },
        required: ['a'],
      },
    ],
    [
      'enums and constants',
      {
        type: 'object',
        properties: { a: { enum: ['x', 'y'] }, b: { const: 3 } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
    ],
    [
      'limits of numbers',
      {
        type: 'object',
        properties: {
          a: { type: 'number', exclusiveMinimum: 5, maximum: 9 },
          b: { type: 'integer', multipleOf: 7, minimum: 8 },
          c: { type: 'integer', maximum: -3, minimum: -9 },
        },
        required: ['a', 'b', 'c'],
      },
    ],
    [
      'limits of strings and formats',
      {
        type: 'object',
        properties: {
          a: { type: 'string', maxLength: 5 },
          b: { type: 'string', format: 'date-time' },
          c: { type: 'string', format: 'email' },
          d: { type: 'string', format: 'uuid' },
        },
        required: ['a', 'b', 'c', 'd'],
      },
    ],
    [
      'references, also to itself',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: { name: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
            required: ['name', 'next'],
          },
        },
      },
    ],
    [
      'alternatives, combinations and nulls',
      {
        allOf: [
          { type: 'object', properties: { a: { type: ['null', 'integer'] } }, required: ['a'] },
          { properties: { b: { oneOf: [{ type: 'boolean' }, { type: 'null' }] } }, required: ['b'] },
        ],
      },
    ],
    ['a bare array', { type: 'array', items: { type: 'boolean' } }],
  ])('fits a schema with %s', (_, schema) => {
    const validate = ajv.compile(schema);
    validate(instanceOf(schema, TEXT));
    expect(validate.errors).toBeNull();
  });

  test('takes upper-case type names, as Gemini writes them', () => {
    const schema = { type: 'OBJECT', properties: { a: { type: 'STRING' }, b: { type: 'INTEGER' } } };
    expect(instanceOf(schema, TEXT)).toEqual({ a: expect.stringContaining('Danube'), b: 2850 });
  });
});

test('the same request gets the same answer', async () => {
  const texts = await Promise.all(
    [1, 2].map(async () => {
      const body = (await (await ask(at.simulator, 'openai')).json()) as { choices: unknown };
      return body.choices;
    }),
  );
  expect(texts[0]).toEqual(texts[1]);
});

test('a stop sequence ends the answer before it', async () => {
  const response = await ask(at.simulator, 'openai', { extra: { stop: ['river'] } });
  const body = (await response.json()) as { choices: { message: { content: string }; finish_reason: string }[] };
  expect(body.choices[0]?.message.content).toMatch(/^The Danube is the second-longest $/);
  expect(body.choices[0]?.finish_reason).toBe('stop');
});

test('a schema that only stands in the system prompt is kept to, as clients of DeepSeek write it there', async () => {
  const schema = { type: 'object', properties: { river: { type: 'string' } }, required: ['river'] };
  const messages = [
    { role: 'system', content: `Return JSON that fits this schema: ${JSON.stringify(schema)}` },
    { role: 'user', content: TEXT },
  ];
  const response = await ask(at.simulator, 'deepseek', {
    extra: { messages, response_format: { type: 'json_object' } },
  });
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  expect(JSON.parse(body.choices[0]?.message.content ?? '')).toEqual({ river: expect.stringContaining('Danube') });
});
