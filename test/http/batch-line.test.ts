// One line of a batch's input file: what becomes of it, and what is said of one that is not right.

import { describe, expect, test } from 'vitest';
import { modelOfLine, readBatchLine, readPlannedLine } from '../../src/http/batch-line.ts';

const wanted = { endpoint: '/v1/chat/completions', model: 'm' } as const;
const body = { model: 'm', messages: [{ role: 'user', content: 'Secret words.' }] };
const line = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body };
const read = (fields: object) => readBatchLine(JSON.stringify({ ...line, ...fields }), wanted);

describe('a line', () => {
  test('becomes the prompt of a chat completion with the same body', () => {
    expect(read({ custom_id: 'a b/c', body: { ...body, max_tokens: 5, stream: false } })).toEqual({
      customId: 'a b/c',
      prompt: {
        messages: [{ role: 'user', parts: [{ type: 'text', text: 'Secret words.' }] }],
        params: { maxTokens: 5 },
      },
      render: expect.any(Function),
    });
  });

  test.each<[string, object, object]>([
    ['plain', {}, {}],
    ['with parameters', { max_completion_tokens: 5, stop: 'x', user: 'u', stream: false, seed: null }, {}],
    ['with a format and a check', { response_format: { type: 'json_object' }, expect: { words: 5 } }, {}],
    ['with a check of the model', { expect: { words: 5 } }, { expect: { characters: { max: 9 } } }],
  ])('that was found right is read again without another look: %s', (_, more, rules) => {
    const text = JSON.stringify({ ...line, body: { ...body, ...more } });
    const all = { ...wanted, ...rules };
    const readAgain = { ...readPlannedLine(text, all), render: expect.any(Function) };
    expect(readBatchLine(text, all)).toEqual(readAgain);
  });

  test.each<[string, object, string, string | null]>([
    ['no custom_id', { custom_id: undefined }, 'missing_required_parameter', 'custom_id'],
    ['an empty custom_id', { custom_id: '' }, 'invalid_value', 'custom_id'],
    ['a custom_id that is a number', { custom_id: 7 }, 'invalid_value', 'custom_id'],
    ['a custom_id that is too long', { custom_id: 'x'.repeat(513) }, 'invalid_value', 'custom_id'],
    ['another method', { method: 'GET' }, 'invalid_value', 'method'],
    ['another endpoint', { url: '/v1/embeddings' }, 'mismatched_endpoint', 'url'],
    ['an unknown field', { id: 1 }, 'unknown_parameter', 'id'],
    ['no body', { body: undefined }, 'missing_required_parameter', 'body'],
    ['a body that is a list', { body: [] }, 'invalid_value', 'body'],
    ['another model', { body: { ...body, model: 'n' } }, 'mismatched_model', 'body.model'],
    ['no model', { body: { messages: body.messages } }, 'missing_required_parameter', 'body.model'],
    ['no messages', { body: { model: 'm' } }, 'missing_required_parameter', 'body.messages'],
    ['a stream', { body: { ...body, stream: true } }, 'unsupported_parameter', 'body.stream'],
    ['several answers', { body: { ...body, n: 2 } }, 'unsupported_parameter', 'body.n'],
    [
      'a field of a message that is wrong',
      { body: { model: 'm', messages: [{ role: 'user', content: 5 }] } },
      'invalid_value',
      'body.messages[0].content',
    ],
  ])('with %s is a fault that names the field and no content', (_name, fields, code, param) => {
    const outcome = read(fields);
    expect(outcome).toMatchObject({ fault: { code, param } });
    expect(JSON.stringify(outcome)).not.toContain('Secret');
    if ('fault' in outcome && param) expect(outcome.fault.message).toContain(param);
  });

  test.each(['', 'no JSON', '[]', '7', 'null', '{"custom_id":"a"', '['.repeat(5_000)])('%j is no line', (text) => {
    expect(readBatchLine(text, wanted)).toEqual({
      fault: { code: 'invalid_json_line', message: 'The line is not a JSON object.', param: null },
    });
  });
});

describe('the model of a file', () => {
  test('is what its first line asks for, whatever else is wrong with it', () => {
    expect(modelOfLine('{"body":{"model":"summarize"}}')).toBe('summarize');
  });

  test.each([
    '{}',
    '{"body":7}',
    '{"body":{"model":7}}',
    '{"body":{"model":""}}',
    '{"model":"m"}',
  ])('is missing in %s', (text) => {
    expect(modelOfLine(text)).toMatchObject({ fault: { param: 'body.model' } });
  });
});

describe('a line of /v1/responses', () => {
  const rules = { endpoint: '/v1/responses', model: 'summarize' } as const;
  const readOne = (asked: object, url = '/v1/responses') =>
    readBatchLine(
      JSON.stringify({ custom_id: 'a', method: 'POST', url, body: { model: 'summarize', ...asked } }),
      rules,
    );

  test('asks what the endpoint itself would ask', () => {
    expect(readOne({ input: 'Hello.', instructions: 'Be brief.', max_output_tokens: 9 })).toMatchObject({
      customId: 'a',
      prompt: {
        messages: [
          { role: 'system', text: 'Be brief.' },
          { role: 'user', parts: [{ type: 'text', text: 'Hello.' }] },
        ],
        params: { maxTokens: 9 },
      },
    });
  });

  test.each([
    ['stream', { stream: true }],
    ['background', { background: true }],
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['store', { store: true }],
  ])('cannot have %s', (field, more) => {
    expect(readOne({ input: 'Hello.', ...more })).toMatchObject({
      fault: { code: 'unsupported_parameter', param: `body.${field}` },
    });
    expect(readOne({ input: 'Hello.', stream: false, background: false, store: false })).not.toHaveProperty('fault');
  });

  test('is not one of chat completions', () => {
    expect(readOne({ messages: [{ role: 'user', content: 'Hello.' }] })).toHaveProperty('fault');
    expect(readOne({ input: 'Hello.' }, '/v1/chat/completions')).toMatchObject({
      fault: { code: 'mismatched_endpoint' },
    });
  });
});
