// OpenAI's official Python client against the running service, with nothing changed but its base URL.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PythonOpenai } from '../support/python-openai.ts';
import { PYTHON_INSTALL_LIMIT_MS, pythonOpenai } from '../support/python-openai.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const python = await pythonOpenai();
if (typeof python === 'string') process.stderr.write(`Skipped: ${python}\n`);

describe.skipIf(typeof python === 'string')('the Python client', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService();
  }, FETCH_LIMIT_MS + PYTHON_INSTALL_LIMIT_MS);
  afterAll(() => service.stop());
  afterEach(() => service.clear());

  /** Runs these lines with a client at hand; what they print as JSON is the result. */
  async function run(lines: string): Promise<unknown> {
    const script = `
import json
from openai import OpenAI
import openai
client = OpenAI(base_url="${service.url}/v1", api_key="none")
messages = [{"role": "user", "content": "The sea is wide. The river is long. The sky is high."}]
${lines}`;
    return JSON.parse(await (python as PythonOpenai).run(script, {}));
  }

  test('gets a chat completion of the provider that is left', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'auth' } });
    const answer = await run(`
completion = client.chat.completions.create(model="chain", messages=messages)
print(json.dumps([completion.choices[0].message.content, completion.choices[0].finish_reason, completion.usage.total_tokens]))`);
    expect(answer).toEqual([expect.stringContaining('The sea is wide.'), 'stop', expect.any(Number)]);
  });

  test('iterates a stream, with usage at its end', async () => {
    const [pieces, reason, tokens] = (await run(`
stream = client.chat.completions.create(
    model="chain", messages=messages, stream=True, stream_options={"include_usage": True})
pieces, reason, tokens = [], None, None
for chunk in stream:
    if chunk.choices:
        pieces.append(chunk.choices[0].delta.content or "")
        reason = chunk.choices[0].finish_reason or reason
    if chunk.usage:
        tokens = chunk.usage.completion_tokens
print(json.dumps([pieces, reason, tokens]))`)) as [string[], string, number];
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join('')).toContain('The river is long.');
    expect([reason, tokens]).toEqual(['stop', expect.any(Number)]);
  });

  test('raises when a stream is interrupted, with the id of the inference', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'cut', afterChunks: 3 } });
    const raised = await run(`
try:
    for chunk in client.chat.completions.create(model="pair", messages=messages, stream=True):
        pass
    print(json.dumps("ended"))
except openai.APIError as error:
    print(json.dumps([error.code, error.body["inference_id"]]))`);
    expect(raised).toEqual(['stream_interrupted', expect.stringMatching(/^inf-/)]);
  });

  test('parses an answer into a model of pydantic', async () => {
    const parsed = await run(`
from pydantic import BaseModel
class Person(BaseModel):
    name: str
    age: int
completion = client.chat.completions.parse(model="chain", messages=messages, response_format=Person)
print(completion.choices[0].message.parsed.model_dump_json())`);
    expect(parsed).toEqual({ name: expect.any(String), age: expect.any(Number) });
  });

  test('creates a response, reads it again, and streams one', async () => {
    const [text, again, streamed] = (await run(`
response = client.responses.create(model="chain", input="The sea is wide. The river is long. The sky is high.")
again = client.responses.retrieve(response.id)
streamed = ""
for event in client.responses.create(model="chain", input="The sky is high. The sea is wide.", stream=True):
    if event.type == "response.output_text.delta":
        streamed += event.delta
print(json.dumps([response.output_text, again.output_text, streamed]))`)) as string[];
    expect(text).toContain('The sea is wide.');
    expect(again).toBe(text);
    expect(streamed).toContain('The sky is high.');
  });
});
