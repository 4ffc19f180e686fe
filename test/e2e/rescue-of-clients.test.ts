// The official clients as they are, behind a load balancer: the process that holds their request goes away while the
// provider is being called, and they get its answer from another one, for which nobody paid twice.

import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ApiProcess } from '../support/api-process.ts';
import { startApiProcess } from '../support/api-process.ts';
import { eventually } from '../support/polling.ts';
import type { PythonOpenai } from '../support/python-openai.ts';
import { PYTHON_INSTALL_LIMIT_MS, pythonOpenai } from '../support/python-openai.ts';
import type { RoundRobin } from '../support/round-robin.ts';
import { startRoundRobin } from '../support/round-robin.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { apiKeys, apiKeysSetting, as } from './support-keys.ts';

let service: TestService;
let python: PythonOpenai | string;
let doomed: ApiProcess | null = null;
let balancer: RoundRobin | null = null;

beforeAll(async () => {
  service = await startTestService({ env: { HOLDFAST_API_KEYS: apiKeysSetting } });
  python = await pythonOpenai();
}, FETCH_LIMIT_MS + PYTHON_INSTALL_LIMIT_MS);
afterEach(async () => {
  await doomed?.end('SIGKILL');
  await balancer?.close();
  doomed = balancer = null;
  await service.clear(as('olga'));
});
afterAll(() => service.stop());

type Ask = (baseUrl: string, text: string) => Promise<{ readonly id: string; readonly text: string | null }>;

const askWithNode: Ask = async (baseURL, text) => {
  const client = new OpenAI({ apiKey: apiKeys.alice, baseURL });
  const { id, choices } = await client.chat.completions.create({
    model: 'single',
    messages: [{ role: 'user', content: text }],
  });
  return { id, text: choices[0]?.message.content ?? null };
};

const SCRIPT = `
import json, os
from openai import OpenAI
completion = OpenAI().chat.completions.create(
    model="single", messages=[{"role": "user", "content": os.environ["TEXT"]}])
print(json.dumps({"id": completion.id, "text": completion.choices[0].message.content}))
`;

const askWithPython =
  ({ run }: PythonOpenai): Ask =>
  async (baseUrl, text) =>
    JSON.parse(await run(SCRIPT, { OPENAI_API_KEY: apiKeys.alice, OPENAI_BASE_URL: baseUrl, TEXT: text })) as Awaited<
      ReturnType<Ask>
    >;

/** The first connection leads to the process that is going to end, every second one to the service. */
async function askWhile(ask: Ask, text: string, end: (process: ApiProcess) => unknown) {
  doomed = await startApiProcess(service);
  balancer = await startRoundRobin([doomed.url, service.url]);
  service.simulator.inject({ fault: { type: 'delay', headersMs: 2_000 } });
  const answered = ask(`${balancer.url}/v1`, text);
  answered.catch(() => undefined);
  await eventually(() => service.simulator.requests.length === 1);
  await end(doomed);
  const answer = await answered;
  const { body } = await service.request(`/v1/inferences/${answer.id}`, { headers: as('alice') });
  return { answer, inference: body };
}

describe.each([
  ['is killed', 'SIGKILL'],
  ['is shut down', 'SIGTERM'],
] as const)('when the process that holds the request %s', (_name, signal) => {
  const expectRescued = ({ answer, inference }: Awaited<ReturnType<typeof askWhile>>) => {
    expect(answer.text).toBeTruthy();
    expect(inference).toMatchObject({
      status: 'succeeded',
      output: { choices: [{ message: { content: answer.text } }] },
    });
    expect(inference.calls).toHaveLength(1);
    expect(service.simulator.requests).toHaveLength(1);
  };

  test('the npm client gets its answer from another, with one provider call in all', { timeout: 60_000 }, async () => {
    expectRescued(await askWhile(askWithNode, `Node, ${signal}.`, (process) => process.end(signal)));
  });

  test('the Python client gets its answer from another, with one provider call in all', {
    timeout: 60_000,
  }, async ({ skip }) => {
    if (typeof python === 'string') return skip(python);
    const ask = askWithPython(python);
    expectRescued(await askWhile(ask, `Python, ${signal}.`, (process) => process.end(signal)));
  });
});
