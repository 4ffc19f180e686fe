// OpenAI's responses through the official client: the same work as everywhere, as that API shows it.

import { randomUUID } from 'node:crypto';
import { OpenAI } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { ResponseCreateParamsNonStreaming } from 'openai/resources/responses/responses';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { apiKeys, apiKeysSetting, as } from './support-keys.ts';

let service: TestService;
let client: OpenAI;
let stranger: OpenAI;

beforeAll(async () => {
  service = await startTestService({ env: { HOLDFAST_API_KEYS: apiKeysSetting } });
  const baseURL = `${service.url}/v1`;
  client = new OpenAI({ apiKey: apiKeys.alice, baseURL, maxRetries: 0 });
  stranger = new OpenAI({ apiKey: apiKeys.bob, baseURL, maxRetries: 0 });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear(as('olga')));

const NEVER: Fault = { type: 'delay', headersMs: 60_000 };
const base = { model: 'single', input: 'Say something short. It is a test.' };
const inferenceIdOf = (id: string) => id.replace('resp_', 'inf-');
const inferenceOf = async (id: string) =>
  (await service.request(`/v1/inferences/${inferenceIdOf(id)}`, { headers: as('alice') })).body;
const sent = () => service.simulator.requests.map(({ body }) => body as Record<string, any>);

async function ended(id: string): Promise<OpenAI.Responses.Response> {
  return eventually(async () => {
    const response = await client.responses.retrieve(id);
    return response.status === 'queued' || response.status === 'in_progress' ? undefined : response;
  });
}

describe('a response', () => {
  test('is answered, tells how it was served, and reads the same afterwards', async () => {
    const { data, response } = await client.responses
      .create({ ...base, instructions: 'Be brief.', metadata: { team: 'a' }, temperature: 0.5 })
      .withResponse();
    expect(data).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'm1',
      instructions: 'Be brief.',
      metadata: { team: 'a' },
      temperature: 0.5,
      background: false,
    });
    expect(data.output_text).not.toBe('');
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    const { headers } = response;
    expect(headers.get('x-holdfast-inference-id')).toBe(inferenceIdOf(data.id));
    expect(headers.get('x-holdfast-model')).toBe('single');
    expect(headers.get('x-holdfast-target')).toBe('one/m1');
    expect(headers.get('x-holdfast-calls')).toBe('1');
    expect(await client.responses.retrieve(data.id)).toEqual(data);
    expect(await inferenceOf(data.id)).toMatchObject({ status: 'succeeded', metadata: { team: 'a' }, deadline: '2m' });
    expect(sent()[0]?.['messages'][0]).toMatchObject({ content: 'Be brief.' });
  });

  test('fails over as any inference does', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'cut' } });
    const { data, response } = await client.responses.create({ ...base, model: 'pair' }).withResponse();
    expect(data).toMatchObject({ status: 'completed', model: 'm2' });
    expect(response.headers.get('x-holdfast-target')).toBe('two/m2');
  });

  test('that no target could answer is an HTTP error, and a failed response afterwards', async () => {
    service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
    const error = await client.responses.create(base).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 502, code: 'all_targets_failed', type: 'inference_error' });
    const { inference_id: id } = (error as { error: { inference_id: string } }).error;
    const failed = await client.responses.retrieve(id.replace('inf-', 'resp_'));
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'all_targets_failed' }, output: [] });
  });

  test('that ends at the limit of tokens it asked for is incomplete', async () => {
    const response = await client.responses.create({ ...base, max_output_tokens: 2 });
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      max_output_tokens: 2,
    });
  });

  test('that is a refusal shows it as one', async () => {
    service.simulator.inject({ fault: { type: 'refusal' } });
    const { output, status } = await client.responses.create(base);
    expect([status, output[0]]).toMatchObject(['completed', { content: [{ type: 'refusal' }] }]);
  });

  test('that is not to be stored cannot be read or continued, though the work itself can', async () => {
    const { id, store } = (await client.responses.create({ ...base, store: false })) as OpenAI.Responses.Response & {
      store: boolean;
    };
    expect(store).toBe(false);
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404, code: 'response_not_found' });
    await expect(client.responses.create({ ...base, previous_response_id: id })).rejects.toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
    });
    expect(await inferenceOf(id)).toMatchObject({ status: 'succeeded' });
  });

  test('is joined by the same Idempotency-Key, and refused to another body', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await client.responses.create(base, { headers });
    expect(await client.responses.create(base, { headers })).toEqual(first);
    expect(service.simulator.requests).toHaveLength(1);
    await expect(client.responses.create({ ...base, background: true }, { headers })).rejects.toMatchObject({
      status: 409,
      code: 'idempotency_key_reused',
    });
  });

  test('is cancelled with its client, unless it is detached', async () => {
    service.simulator.inject({ fault: NEVER });
    for (const [headers, status] of [
      [{}, 'cancelled'],
      [{ 'x-holdfast-detach': 'true' }, 'running'],
    ] as const) {
      const mark = randomUUID();
      const left = client.responses
        .create({ ...base, metadata: { mark } }, { headers, timeout: 500 })
        .catch((thrown: unknown) => thrown);
      const id = await eventually(async () => {
        const path = `/v1/inferences?metadata.mark=${mark}`;
        return (await service.request(path, { headers: as('alice') })).body.data[0]?.id as string | undefined;
      });
      await left;
      await eventually(async () => (await inferenceOf(id)).status === status);
      if (status === 'running') await client.responses.cancel(id.replace('inf-', 'resp_'));
    }
  });

  test('ends at the deadline that its header sets', async () => {
    service.simulator.inject({ fault: NEVER });
    const headers = { 'x-holdfast-deadline': '1s', 'x-holdfast-priority': '1' };
    await expect(client.responses.create(base, { headers })).rejects.toMatchObject({ status: 504 });
  });
});

describe('a response in the background', () => {
  const background: ResponseCreateParamsNonStreaming = { ...base, background: true };

  test('is accepted at once, polled until it has ended, and waits for 24 hours by default', async () => {
    service.simulator.inject({ times: 1, fault: { type: 'delay', headersMs: 500 } });
    const accepted = await client.responses.create({ ...background, instructions: 'Be brief.' });
    expect(accepted).toMatchObject({
      status: 'in_progress',
      background: true,
      output: [],
      error: null,
      model: 'single',
    });
    const response = await ended(accepted.id);
    expect(response).toMatchObject({ status: 'completed', background: true, model: 'm1', instructions: 'Be brief.' });
    expect(response.output_text).not.toBe('');
    expect(await inferenceOf(accepted.id)).toMatchObject({ deadline: '1d' });
  });

  test('is queued while no target can answer, and answered once one can', async () => {
    const mend = service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
    const { id } = await client.responses.create(background);
    await eventually(async () => (await client.responses.retrieve(id)).status === 'queued');
    mend();
    await service.request('/v1/targets/one/m1/restore', { method: 'POST', headers: as('olga') });
    expect((await ended(id)).status).toBe('completed');
  });

  test('is cancelled on request, and stays as it is', async () => {
    service.simulator.inject({ fault: NEVER });
    const { id } = await client.responses.create(background);
    await eventually(() => service.simulator.requests.length === 1);
    const cancelled = await client.responses.cancel(id);
    expect(cancelled).toMatchObject({ id, status: 'cancelled', output: [], error: null });
    expect(await client.responses.retrieve(id)).toMatchObject(cancelled);
    expect(await client.responses.cancel(id)).toEqual(cancelled);
    await eventually(() => service.simulator.requests[0]?.outcome === 'client-gone');
  });

  test('that failed says why', async () => {
    service.simulator.inject({ fault: { type: 'error', situation: 'invalid-request' } });
    const { id } = await client.responses.create(background);
    expect(await ended(id)).toMatchObject({ status: 'failed', error: { code: 'invalid_request' }, output: [] });
  });

  test('is nobody else’s to read, cancel or continue, and no other inference is a response', async () => {
    const { id } = await client.responses.create(background);
    await ended(id);
    const notFound = { status: 404, code: 'response_not_found' };
    await expect(stranger.responses.retrieve(id)).rejects.toMatchObject(notFound);
    await expect(stranger.responses.cancel(id)).rejects.toMatchObject(notFound);
    await expect(stranger.responses.create({ ...base, previous_response_id: id })).rejects.toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
    });
    const { body } = await service.request('/v1/inferences', { body: chat('single'), headers: as('alice') });
    await expect(client.responses.retrieve(body.id.replace('inf-', 'resp_'))).rejects.toMatchObject(notFound);
  });
});

describe('what a model is asked', () => {
  test('a JSON schema of zod, and its answer is parsed', async () => {
    const Invoice = z.object({ amount: z.number(), currency: z.enum(['EUR', 'USD']), note: z.string().nullable() });
    for (const model of ['one/m1', 'two/claude-sonnet-4-5', 'three/m3']) {
      const { output_parsed: parsed } = await client.responses.parse({
        ...base,
        model,
        text: { format: zodTextFormat(Invoice, 'invoice') },
      });
      expect(Invoice.parse(parsed)).toEqual(parsed);
    }
  });

  test('tools, and their calls and results go round, to whichever provider', async () => {
    const tools: OpenAI.Responses.FunctionTool[] = [
      {
        type: 'function',
        name: 'weather',
        description: 'Tells the weather.',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
          additionalProperties: false,
        },
        strict: true,
      },
    ];
    const weather: Fault = { type: 'tool-call', name: 'weather', arguments: { city: 'Bern' } };
    for (const model of ['one/m1', 'two/m2', 'three/m3']) {
      const once = service.simulator.inject({ times: 1, fault: weather });
      const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'What is the weather in Bern?' }];
      const first = await client.responses.parse({ model, input, tools, tool_choice: 'required' });
      const [call] = first.output;
      expect(call).toMatchObject({ type: 'function_call', name: 'weather', parsed_arguments: { city: 'Bern' } });
      if (call?.type !== 'function_call') throw new Error('A call was scripted.');
      input.push(...(first.output as OpenAI.Responses.ResponseInput), {
        type: 'function_call_output',
        call_id: call.call_id,
        output: 'Rain.',
      });
      const second = await client.responses.create({ model, input, tools });
      expect(second.output_text).not.toBe('');
      expect(JSON.stringify(sent().at(-1))).toContain('Rain.');
      once();
    }
  });

  test('an image and a file, as each provider takes them', async () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const pdf = 'JVBERi0xLjQK';
    const input: OpenAI.Responses.ResponseInput = [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Compare them.' },
          { type: 'input_image', image_url: `data:image/png;base64,${png}`, detail: 'low' },
          { type: 'input_file', file_data: `data:application/pdf;base64,${pdf}`, filename: 'a.pdf' },
        ],
      },
    ];
    for (const model of ['one/m1', 'two/m2', 'three/m3']) {
      expect((await client.responses.create({ model, input })).output_text).not.toBe('');
      const body = JSON.stringify(sent().at(-1));
      expect(body).toContain(png);
      expect(body).toContain(pdf);
    }
  });

  test('an effort of reasoning', async () => {
    await client.responses.create({ ...base, reasoning: { effort: 'low' } });
    expect(sent()[0]).toMatchObject({ reasoning_effort: 'low' });
  });

  test('to go on from an earlier response: its input and answer, without its instructions', async () => {
    service.simulator.inject({ times: 1, fault: { type: 'answer', text: 'My name is Ada.' } });
    const first = await client.responses.create({ ...base, instructions: 'Be kind.', input: 'Who are you?' });
    const second = await client.responses.create({
      ...base,
      instructions: 'Be brief.',
      input: 'Say it again.',
      previous_response_id: first.id,
    });
    expect(second.previous_response_id).toBe(first.id);
    const third = await client.responses.create({ ...base, input: 'And again.', previous_response_id: second.id });
    expect((await client.responses.retrieve(third.id)).previous_response_id).toBe(second.id);
    const said = sent().map(({ messages }) => messages.map(({ content }: { content: string }) => content));
    expect(said[1]).toEqual(['Be brief.', 'Who are you?', 'My name is Ada.', 'Say it again.']);
    expect(said[2]).toEqual(['Who are you?', 'My name is Ada.', 'Say it again.', second.output_text, 'And again.']);
  });

  test('nothing from one that has not been answered yet', async () => {
    service.simulator.inject({ fault: NEVER });
    const { id } = await client.responses.create({ ...base, background: true });
    await expect(client.responses.create({ ...base, previous_response_id: id })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'previous_response_id',
    });
    await client.responses.cancel(id);
  });

  test('to go on from a prompt too large for a history', async () => {
    const input = 'It is a test. '.repeat(20_000);
    const { id } = await client.responses.create({ ...base, input });
    await client.responses.create({ ...base, previous_response_id: id });
    expect(sent()[1]?.['messages'][0].content).toBe(input);
  });
});
