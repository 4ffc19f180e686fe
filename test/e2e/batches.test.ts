// Batches end to end: the official client, the service, and simulated providers whose batches go wrong in every way. Every
// line ends once, and the bill is the providers' own.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import OpenAI, { toFile } from 'openai';
import { Webhook } from 'standardwebhooks';
import type { Batch } from 'openai/resources/batches';
import type { BatchRule } from '../../src/simulator/batch/batch-fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { SECRET, startReceiver } from '../webhooks/receiver.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;
let client: OpenAI;

const PRICE = { input: 1, output: 2 };
const TARGETS = ['one/gpt-4o', 'two/claude-haiku-4-5', 'three/gemini-2.5-flash', 'four/mistral-medium-latest'] as const;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => ({
      providers: {
        one: { type: 'openai', apiKey: 'k', baseUrl: simulator.baseUrl('one', 'openai') },
        two: { type: 'anthropic', apiKey: 'k', baseUrl: simulator.baseUrl('two', 'anthropic') },
        three: { type: 'google', apiKey: 'k', baseUrl: simulator.baseUrl('three', 'google') },
        four: { type: 'mistral', apiKey: 'k', baseUrl: simulator.baseUrl('four', 'mistral') },
      },
      targets: Object.fromEntries(TARGETS.map((target) => [target, { price: PRICE }])),
      models: {
        strict: { targets: ['one/gpt-4o'], expect: { words: { min: 1_000_000 } } },
        analysis: { targets: TARGETS },
        ...Object.fromEntries(TARGETS.map((t) => [t.split('/')[0], { targets: [t] }])),
      },
      batch: { pollInterval: '100ms', stuckAfter: '3s' },
      webhooks: { secret: SECRET, allowPrivate: true },
    }),
  });
  client = new OpenAI({ apiKey: 'any', baseURL: `${service.url}/v1`, maxRetries: 0 });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

interface Row {
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly body: OpenAI.ChatCompletion } | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly attempts: readonly { kind: string }[];
  } | null;
}

/** What is ours beside OpenAI's own fields. */
interface OurBatch extends Batch {
  readonly lanes: readonly {
    target: string | null;
    end: string;
    lines: number;
    answered: number;
    cost_usd: number | null;
    error: { code: string } | null;
  }[];
  readonly cost: {
    usd: number | null;
    estimate_usd: number | null;
    sync_usd: number | null;
    saving_usd: number | null;
  };
  readonly stopped_by: string | null;
}

const linesOf = (count: number, model: string, more: object = {}) =>
  Array.from({ length: count }, (_, n) => ({
    custom_id: `line ${n}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model, messages: [{ role: 'user', content: `What is ${n}?` }], ...more },
  }));

async function submit(lines: readonly object[], more: object = {}): Promise<OurBatch> {
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  const file = await client.files.create({ file: await toFile(Buffer.from(text), 'in.jsonl'), purpose: 'batch' });
  const body = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', ...more } as const;
  return (await client.batches.create(body)) as OurBatch;
}

const ENDS: readonly string[] = ['completed', 'failed', 'expired', 'cancelled'];

const ended = (id: string) =>
  eventually(async () => {
    const batch = (await client.batches.retrieve(id)) as OurBatch;
    return ENDS.includes(batch.status) && batch;
  }, 25_000);

async function rowsOf(fileId: string | null | undefined): Promise<readonly Row[]> {
  if (!fileId) return [];
  const text = await (await client.files.content(fileId)).text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

/** Every line once, counts that add up, and a bill that is the providers' own. */
async function audited(batch: OurBatch, count: number) {
  const [answers, errors] = [await rowsOf(batch.output_file_id), await rowsOf(batch.error_file_id)];
  const ids = [...answers, ...errors].map((row) => row.custom_id).toSorted();
  expect(ids).toEqual(Array.from({ length: count }, (_, n) => `line ${n}`).toSorted());
  expect(batch.request_counts).toEqual({ total: count, completed: answers.length, failed: errors.length });
  for (const { response } of answers) expect(response?.body.choices[0]?.message.content).toBeTruthy();
  for (const { error } of errors) expect(error?.code).toBeTruthy();
  const billed = service.simulator
    .ledger()
    .reduce(
      (sum, { mode, inputTokens, outputTokens }) =>
        sum + (inputTokens * 1 + outputTokens * 2) * (mode === 'batch' ? 0.5 : 1),
      0,
    );
  return { answers, errors, billedUsd: billed / 1_000_000 };
}

const inject = (...rules: readonly BatchRule[]) => {
  for (const rule of rules) service.simulator.injectBatch(rule);
};

describe.each(['one', 'two', 'three', 'four'])('over the lane of provider %s alone', (model) => {
  test('the official client has every line answered at half the price', async () => {
    const { id } = await submit(linesOf(12, model), { rescue: 'none' });
    const batch = await ended(id);
    expect(batch.status).toBe('completed');
    const { answers, errors, billedUsd } = await audited(batch, 12);
    expect([answers.length, errors.length]).toEqual([12, 0]);
    expect(answers[3]?.response?.body).toMatchObject({
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop' }],
    });
    expect(batch.cost.usd).toBeCloseTo(billedUsd, 12);
    expect(batch.cost.saving_usd).toBeCloseTo(billedUsd, 12);
    expect(service.simulator.batches.map(({ lines }) => lines)).toEqual([12]);
  });
});

test('responses are answered over the lane of a provider that has none, as its own endpoint shows them', async () => {
  const lines = Array.from({ length: 3 }, (_, n) => ({
    custom_id: `line ${n}`,
    method: 'POST',
    url: '/v1/responses',
    body: { model: 'two', instructions: 'Be brief.', input: `What is ${n}?`, metadata: { n: String(n) } },
  }));
  const { id } = await submit(lines, { endpoint: '/v1/responses', rescue: 'none' });
  const batch = await ended(id);
  expect(batch).toMatchObject({ status: 'completed', endpoint: '/v1/responses', request_counts: { completed: 3 } });
  const answers = (await rowsOf(batch.output_file_id)).map(({ response }) => response?.body as unknown);
  expect(answers[1]).toMatchObject({
    id: expect.stringMatching(/^resp_/),
    object: 'response',
    status: 'completed',
    instructions: 'Be brief.',
    metadata: { n: expect.any(String) },
    store: false,
    output: [{ type: 'message', content: [{ type: 'output_text', text: expect.stringContaining('What is') }] }],
    usage: { input_tokens: expect.any(Number) },
  });
  expect(batch.lanes).toMatchObject([{ target: 'two/claude-haiku-4-5', answered: 3 }]);
});

test('responses that no lane has answered are rescued, and have the ids of their inferences', async () => {
  inject({ fault: { type: 'failed', code: 'invalid_model' } });
  const body = { model: 'two', input: 'What is it?' };
  const line = { custom_id: 'line 0', method: 'POST', url: '/v1/responses', body };
  const { id } = await submit([line], { endpoint: '/v1/responses' });
  const [answer] = await rowsOf((await ended(id)).output_file_id);
  expect(answer?.response?.body).toMatchObject({
    object: 'response',
    id: expect.stringMatching(/^resp_[0-9a-z]{26,64}$/),
  });
});

const half = { of: 0.5 };
const few = { of: 0.2 };

describe('what a lane has not answered goes to the next one, and nothing is asked twice', () => {
  const twoLanes = { lanes: ['one/gpt-4o', 'four/mistral-medium-latest'], rescue: 'none' };

  test.each<[what: string, rules: readonly BatchRule[], end: string]>([
    ['expires with half of its lines', [{ account: 'one', fault: { type: 'expired', answered: half } }], 'expired'],
    ['is refused as a whole', [{ account: 'one', fault: { type: 'failed', code: 'invalid_model' } }], 'failed'],
    ['is stuck', [{ account: 'one', fault: { type: 'stuck' } }], 'stuck'],
    ['loses lines', [{ account: 'one', fault: { type: 'missing', share: few } }], 'completed'],
    [
      'fails at some lines',
      [
        {
          account: 'one',
          fault: { type: 'line-error', share: few, status: 500, body: { error: { message: 'It broke.' } } },
        },
      ],
      'completed',
    ],
    [
      'gives empty answers',
      [{ account: 'one', fault: { type: 'bad-answer', share: few, fault: { type: 'empty' } } }],
      'completed',
    ],
    [
      'cuts answers',
      [{ account: 'one', fault: { type: 'bad-answer', share: few, fault: { type: 'truncated' } } }],
      'completed',
    ],
  ])('a lane that %s', async (_what, rules, end) => {
    inject(...rules);
    const { id } = await submit(linesOf(40, 'analysis'), twoLanes);
    const batch = await ended(id);
    expect(batch.status).toBe('completed');
    const { errors, billedUsd } = await audited(batch, 40);
    expect(errors).toEqual([]);
    const [first, second] = batch.lanes;
    expect(first).toMatchObject({ target: 'one/gpt-4o', end, lines: 40 });
    expect(second).toMatchObject({
      target: 'four/mistral-medium-latest',
      end: 'completed',
      lines: 40 - (first?.answered ?? 0),
    });
    expect(second?.lines).toBeGreaterThan(0);
    expect(service.simulator.batches.map(({ account }) => account)).toEqual(['one', 'four']);
    // Lines that were lost are billed all the same, and nobody has told us what for.
    if (!rules.some(({ fault }) => fault.type === 'missing')) expect(batch.cost.usd).toBeCloseTo(billedUsd, 12);
  });

  test('results in any order, and twice, are matched by their ids', async () => {
    inject({ fault: { type: 'unordered' } }, { fault: { type: 'duplicate', share: half } });
    const { id } = await submit(linesOf(40, 'analysis'), twoLanes);
    const batch = await ended(id);
    const { answers, errors, billedUsd } = await audited(batch, 40);
    expect(errors).toEqual([]);
    for (const { custom_id: custom, response } of answers) {
      const number = custom.replace('line ', '');
      expect(response?.body.choices[0]?.message.content).toContain(`What is ${number}?`);
    }
    expect(batch.cost.usd).toBeCloseTo(billedUsd, 12);
  });
});

describe.each(['one', 'two', 'three', 'four'])('at provider %s nothing is created twice', (model) => {
  test('when the reply to the creation is lost', async () => {
    inject({ times: 1, fault: { type: 'lost-reply', to: 'create' } });
    const { id } = await submit(linesOf(10, model), { rescue: 'none' });
    const batch = await ended(id);
    const { errors, billedUsd } = await audited(batch, 10);
    expect(errors).toEqual([]);
    expect(service.simulator.batches).toHaveLength(1);
    expect(batch.cost.usd).toBeCloseTo(billedUsd, 12);
  });

  test('and looks that are refused, results that break off, are done again', async () => {
    inject(
      { times: 3, fault: { type: 'error', on: 'look', situation: 'rate-limit', retryAfterMs: 100 } },
      { times: 1, fault: { type: 'cut-results', afterLines: 4 } },
    );
    const { id } = await submit(linesOf(10, model), { rescue: 'none' });
    const batch = await ended(id);
    const { errors } = await audited(batch, 10);
    expect(errors).toEqual([]);
    expect(service.simulator.batches).toHaveLength(1);
  });
});

test('what is expected of a model is expected of its lines', async () => {
  const { id } = await submit(linesOf(3, 'strict'), { rescue: 'none' });
  const batch = await ended(id);
  const { answers, errors } = await audited(batch, 3);
  expect(answers).toEqual([]);
  expect(errors[0]?.error?.code).toBe('expectation_failed');
});

describe('the rescue', () => {
  test('asks in the ordinary way what no lane has answered', async () => {
    inject({ fault: { type: 'missing', share: half } });
    const { id } = await submit(linesOf(30, 'one'));
    const batch = await ended(id);
    expect(batch.status).toBe('completed');
    const { errors } = await audited(batch, 30);
    expect(errors).toEqual([]);
    const [lane, rescue] = batch.lanes;
    expect(rescue).toMatchObject({ target: null, end: 'completed', lines: 30 - (lane?.answered ?? 0) });
    expect(service.simulator.requests).toHaveLength(rescue?.lines ?? 0);
  });

  test('is for everything where no lane has batches', async () => {
    inject({ fault: { type: 'error', on: 'upload', situation: 'auth' } });
    const { id } = await submit(linesOf(5, 'one'));
    const batch = await ended(id);
    const { errors, billedUsd } = await audited(batch, 5);
    expect(errors).toEqual([]);
    expect(batch.lanes.map(({ end, answered, error }) => [end, answered, error?.code])).toEqual([
      ['error', 0, 'auth'],
      ['completed', 5, undefined],
    ]);
    expect(batch.cost.usd).toBeCloseTo(billedUsd, 12);
  });

  test('that fails too leaves the line with all its reasons', async () => {
    inject({ fault: { type: 'bad-answer', share: { of: 1 }, fault: { type: 'empty' } } });
    service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
    const lines = linesOf(3, 'one');
    const { id } = await submit(lines, { rescue: 'none' });
    const batch = await ended(id);
    expect(batch.status).toBe('completed');
    const { answers, errors } = await audited(batch, 3);
    expect(answers).toEqual([]);
    expect(errors[0]?.error).toMatchObject({ code: 'empty', attempts: [{ kind: 'empty', target: 'one/gpt-4o' }] });
  });
});

test('a file that is not UTF-8 is refused: where its lines are could not be told', async () => {
  const [line] = linesOf(1, 'one');
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`.replace('What', 'Wh\u00ff'), 'latin1');
  const file = await client.files.create({ file: await toFile(bytes, 'in.jsonl'), purpose: 'batch' });
  const body = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
  const batch = await ended((await client.batches.create(body)).id);
  expect(batch).toMatchObject({ status: 'failed', errors: { data: [{ code: 'invalid_utf8', line: null }] } });
});

test('a provider that never has room is left for the next lane, as one that is stuck', async () => {
  inject({ account: 'one', fault: { type: 'failed', code: 'token_limit_exceeded' } });
  const lanes = ['one/gpt-4o', 'four/mistral-medium-latest'];
  const batch = await ended((await submit(linesOf(4, 'analysis'), { lanes, rescue: 'none' })).id);
  expect((await audited(batch, 4)).errors).toEqual([]);
  expect(batch.lanes).toMatchObject([
    { target: 'one/gpt-4o', end: 'failed', error: { code: 'rate_limited' } },
    { target: 'four/mistral-medium-latest', end: 'completed', answered: 4 },
  ]);
});

test('a provider that has no room is asked again later, and a batch that it rejects says why at each line', async () => {
  inject({ times: 1, fault: { type: 'failed', code: 'token_limit_exceeded' } });
  const full = await ended((await submit(linesOf(4, 'one'), { rescue: 'none' })).id);
  expect((await audited(full, 4)).errors).toEqual([]);
  expect(service.simulator.batches.map(({ lines }) => lines)).toEqual([4, 4]);
  service.simulator.clear();
  inject({ fault: { type: 'failed', code: 'invalid_model', message: 'There is no such model.' } });
  const rejected = await ended((await submit(linesOf(4, 'one', { top_p: 0.5 }), { rescue: 'none' })).id);
  const { errors } = await audited(rejected, 4);
  expect(errors[0]?.error?.attempts).toMatchObject([
    { target: 'one/gpt-4o', provider_message: 'There is no such model.' },
  ]);
});

test('a reset of the batch in Temporal creates nothing again, and keeps what was answered', async () => {
  const { id } = await submit(linesOf(10, 'two', { temperature: 0.25 }), { rescue: 'none' });
  const before = await ended(id);
  const { workflowService: server } = service.temporal;
  const execution = { workflowId: id };
  const { history } = await service.temporal.workflow
    .getHandle(id)
    .fetchHistory()
    .then((fetched) => ({ history: fetched }));
  const first = (history.events ?? []).find(
    ({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes,
  );
  await server.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: execution,
    workflowTaskFinishEventId: first?.eventId ?? null,
    requestId: id,
    reason: 'test',
  });
  await service.temporal.workflow.getHandle(id).result();
  const after = await ended(id);
  const { errors } = await audited(after, 10);
  expect(errors).toEqual([]);
  expect(after.cost.usd).toBe(before.cost.usd);
  expect(service.simulator.batches).toHaveLength(1);
});

test('its end is told at the address that was given, signed', async () => {
  const receiver = await startReceiver();
  try {
    const { id } = await submit(linesOf(2, 'one', { seed: 4 }), { webhook_url: receiver.url });
    await ended(id);
    const { text, headers } = await eventually(() => receiver.deliveries[0]);
    const told = new Webhook(SECRET).verify(text, headers as Record<string, string>);
    expect(told).toMatchObject({ type: 'batch.completed', data: { id, model: 'one', status: 'completed' } });
  } finally {
    receiver.stop();
  }
});

describe('an end before all is done keeps what there is', () => {
  test('a cancel reaches the provider', async () => {
    inject({ fault: { type: 'slow', ms: 20_000 } });
    const { id } = await submit(linesOf(100, 'one'));
    await eventually(() => (service.simulator.batches[0]?.billed.length ?? 0) > 5);
    expect((await client.batches.cancel(id)).status).toBe('cancelling');
    const batch = await ended(id);
    expect(batch).toMatchObject({ status: 'cancelled', stopped_by: 'cancelled' });
    const { answers, errors, billedUsd } = await audited(batch, 100);
    expect(answers.length).toBeGreaterThan(5);
    expect(errors[0]?.error?.code).toBe('batch_cancelled');
    expect(batch.cost.usd).toBeCloseTo(billedUsd, 12);
    expect(service.simulator.requests).toEqual([]);
  });

  test('the cap on cost', async () => {
    const estimate = (await ended((await submit(linesOf(1, 'one', { max_tokens: 50 }))).id)).cost.estimate_usd ?? 0;
    service.simulator.clear();
    const { id } = await submit(linesOf(20, 'one', { max_tokens: 50 }), { max_cost_usd: estimate * 10.5 });
    const batch = await ended(id);
    expect(batch).toMatchObject({ status: 'cancelled', stopped_by: 'cost' });
    const { answers, errors } = await audited(batch, 20);
    expect(answers).toHaveLength(10);
    expect(errors[0]?.error?.code).toBe('cost_limit_reached');
    expect(batch.cost.usd).toBeLessThanOrEqual(estimate * 10.5);
  });

  test('the deadline', async () => {
    inject({ fault: { type: 'slow', ms: 20_000 } });
    const { id } = await submit(linesOf(50, 'one'), { deadline: '5s', rescue: 'none' });
    const batch = await ended(id);
    expect(batch.status).toBe('expired');
    const { errors } = await audited(batch, 50);
    expect(errors[0]?.error?.code).toBe('batch_expired');
  });
});

test('a file with faults is refused as a whole, and names each', async () => {
  const [first, second, third] = linesOf(3, 'one');
  const { id } = await submit([first ?? {}, { ...second, custom_id: 'line 0' }, { ...third, url: '/v1/other' }]);
  const batch = await ended(id);
  expect(batch.status).toBe('failed');
  expect(batch.errors?.data?.map(({ line, code }) => [line, code])).toEqual([
    [2, 'duplicate_custom_id'],
    [3, 'mismatched_endpoint'],
  ]);
  expect(batch.output_file_id ?? null).toBeNull();
  expect(service.simulator.batches).toEqual([]);
});
