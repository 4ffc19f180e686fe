// OpenAI's official npm client against the running service, with nothing changed but its base URL.

import OpenAI, { APIError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;
let client: OpenAI;

beforeAll(async () => {
  service = await startTestService();
  client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none' });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const messages = [{ role: 'user' as const, content: 'The sea is wide. The river is long. The sky is high.' }];
const ask = { model: 'chain', messages };

const weatherTool = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

function callsTool(times: number): void {
  service.simulator.inject({ times, fault: { type: 'tool-call', name: 'weather', arguments: { city: 'Bern' } } });
}

describe('a chat completion', () => {
  test('comes from the next provider when the first one fails', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'auth' } });
    const { data, response } = await client.chat.completions.create(ask).withResponse();
    expect(data.choices[0]?.message.content).toContain('The sea is wide.');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    expect(data.system_fingerprint).toMatch(/^two\/m2/);
    expect(response.headers.get('x-holdfast-target')).toBe('two/m2');
  });

  test('that is refused is an error of the client with its code, and is not tried again', async () => {
    const failing = client.chat.completions.create({ ...ask, model: 'nobody/knows' });
    const error = await failing.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });
});

describe('a stream', () => {
  test('is iterated chunk by chunk, with usage at its end', async () => {
    const stream = await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toContain('The sea is wide.');
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content).length).toBeGreaterThan(2);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0);
  });

  test('is gathered into a whole completion by the helper', async () => {
    const completion = await client.chat.completions.stream(ask).finalChatCompletion();
    expect(completion.choices[0]?.message.content).toContain('The river is long.');
    expect(completion.choices[0]?.finish_reason).toBe('stop');
  });

  test('that breaks off is an error with the id of the inference, which goes on', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'cut', afterChunks: 3 } });
    const stream = await client.chat.completions.create({ ...ask, model: 'pair', stream: true });
    let text = '';
    const reading = async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    };
    const error = await reading().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: 'stream_interrupted', error: { inference_id: expect.any(String) } });
    const { inference_id: id } = (error as APIError).error as { inference_id: string };
    const { body } = await service.request(`/v1/inferences/${id}?wait=10`);
    expect(body).toMatchObject({ status: 'succeeded', target: 'two/m2' });
    expect(body.output.choices[0].message.content.startsWith(text)).toBe(true);
  });

  test('of tool calls is gathered by the helper', async () => {
    callsTool(1);
    const stream = client.chat.completions.stream({ ...ask, tools: [weatherTool] });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    const [call] = choices[0]?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } });
  });
});

describe('structured answers', () => {
  const Person = z.object({ name: z.string(), age: z.number().int(), city: z.enum(['Bern', 'Rome']) });
  const format = zodResponseFormat(Person, 'person');

  test('are parsed by the helper, whichever provider serves', async () => {
    for (const account of ['one', 'two', 'three']) {
      for (const other of ['one', 'two', 'three']) {
        if (other !== account)
          service.simulator.inject({ account: other, fault: { type: 'error', situation: 'auth' } });
      }
      const { choices } = await client.chat.completions.parse({ ...ask, response_format: format });
      expect(Person.safeParse(choices[0]?.message.parsed).success).toBe(true);
      await service.clear();
    }
  });

  test('are parsed in a stream, too', async () => {
    const completion = await client.chat.completions.stream({ ...ask, response_format: format }).finalChatCompletion();
    expect(Person.safeParse(completion.choices[0]?.message.parsed).success).toBe(true);
  });
});

describe('tools', () => {
  test('are called and answered in a round trip of the client', async () => {
    callsTool(1);
    const { choices } = await client.chat.completions.create({ ...ask, tools: [weatherTool], tool_choice: 'auto' });
    const message = choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    expect(call?.type === 'function' && call.function).toEqual({ name: 'weather', arguments: '{"city":"Bern"}' });
    const answered = await client.chat.completions.create({
      ...ask,
      tools: [weatherTool],
      messages: [...messages, message!, { role: 'tool', tool_call_id: call?.id ?? '', content: 'sunny' }],
    });
    expect(answered.choices[0]?.finish_reason).toBe('stop');
  });

  test.each([false, true])('are run by runTools (stream: %s)', async (stream) => {
    callsTool(1);
    const asked: unknown[] = [];
    const run = { ...weatherTool.function, description: 'Tells the weather.', parse: JSON.parse };
    const tools = [
      {
        type: 'function' as const,
        function: {
          ...run,
          function: async (input: unknown) => {
            asked.push(input);
            return 'sunny';
          },
        },
      },
    ];
    const runner = stream
      ? client.chat.completions.runTools({ ...ask, tools, stream })
      : client.chat.completions.runTools({ ...ask, tools });
    const content = await runner.finalContent();
    expect(asked).toEqual([{ city: 'Bern' }]);
    expect(content).toContain('The sea is wide.');
  });
});

test('the models are listed', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  expect(ids).toEqual(expect.arrayContaining(['chain', 'pair', 'one/m1']));
});
