// Bad input of every kind over real HTTP: always a 4xx in OpenAI's shape that names the field, never a workflow, never a
// wire request.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService, threeProviders } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => ({ ...threeProviders(simulator), http: { bodyLimit: '100KB' } }),
  });
}, FETCH_LIMIT_MS);

/** After all of it: visibility lags, so it is asked once it shows an inference that was made last. */
afterAll(async () => {
  const { body } = await service.request('/v1/inferences', { body: chat('single'), headers: { prefer: 'wait=20' } });
  const { temporal } = service;
  await eventually(async () => (await temporal.workflow.count(`WorkflowId = '${body.id}'`)).count === 1);
  const { count } = await temporal.workflow.count(`WorkflowType = 'failover'`);
  await service.stop();
  expect(count).toBe(1);
});
afterEach(() => expect(service.simulator.requests).toHaveLength(0));

const CHAT = '/v1/chat/completions';
const SUBMIT = '/v1/inferences';
const user = (content: unknown) => ({ model: 'single', messages: [{ role: 'user', content }] });
const ok = chat('single');
const strategy = (fields: object) => ({ ...ok, strategy: { type: 'failover', targets: ['one/m1'], ...fields } });

interface Bad {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly method?: string;
}

async function expectRefusal(bad: Bad, wanted: { status: number; code: string; param?: string | null }) {
  const { path = CHAT, method = 'POST', body, headers = {} } = bad;
  const answer = await service.request(path, { method, headers, ...(body !== undefined && { body }) });
  const { code, param, message, type, ...rest } = answer.body.error;
  expect({ status: answer.status, code, ...('param' in wanted && { param }) }).toEqual(wanted);
  expect(message).toMatch(/\.$/);
  expect(type).toMatch(/^[a-z_]+_error$/);
  // Nothing was started, so there is nothing to name.
  expect(rest).toEqual({});
  expect(answer.headers.get('x-request-id')).toMatch(/./);
  expect(answer.headers.get('content-type')).toContain('application/json');
}

describe('a body that is no request', () => {
  test.each<[string, unknown, string]>([
    ['no JSON', 'hello', 'invalid_json'],
    ['JSON that is left open', '{"model":"single"', 'invalid_json'],
    ['two documents', '{}{}', 'invalid_json'],
    ['nothing', undefined, 'invalid_value'],
    ['an empty text', '', 'invalid_value'],
    ['null', 'null', 'invalid_value'],
    ['a list', '[]', 'invalid_value'],
    ['a number', '1', 'invalid_value'],
    ['a text', '"hello"', 'invalid_value'],
    ['a key that would reach into prototypes', '{"__proto__":{"model":"single"}}', 'invalid_json'],
    ['a constructor that would', '{"constructor":{"prototype":{"model":"single"}}}', 'invalid_json'],
    ['deep nesting', `{"model":"single","messages":${'['.repeat(40_000)}${']'.repeat(40_000)}}`, 'invalid_value'],
  ])('%s', async (_name, body, code) => {
    for (const path of [CHAT, SUBMIT]) {
      await expectRefusal({ path, body, headers: { 'content-type': 'application/json' } }, { status: 400, code });
    }
  });

  test.each<[string, Record<string, string>]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a text', { 'content-type': 'text/plain' }],
    ['no media type', { 'content-type': 'nonsense' }],
  ])('%s is a 415', async (_name, headers) => {
    await expectRefusal({ body: 'model=single', headers }, { status: 415, code: 'unsupported_media_type' });
  });

  test('larger than the limit is a 413 with the limit', async () => {
    await expectRefusal({ body: chat('single', 'x'.repeat(200_000)) }, { status: 413, code: 'body_too_large' });
    const { body } = await service.request(SUBMIT, { body: chat('single', 'x'.repeat(200_000)) });
    expect(body.error.message).toContain('100000');
  });
});

describe('a bad field', () => {
  type Row = [param: string, body: object, code?: string];
  const rows: readonly Row[] = [
    ['model', { messages: ok['messages'] }, 'missing_required_parameter'],
    ['model', { ...ok, model: '' }],
    ['model', { ...ok, model: 7 }],
    ['model', { ...ok, model: null }],
    ['messages', { model: 'single' }, 'missing_required_parameter'],
    ['messages', { ...ok, messages: [] }],
    ['messages', { ...ok, messages: 'hello' }],
    ['messages[0]', { ...ok, messages: ['hello'] }],
    ['messages[0].role', { ...ok, messages: [{ content: 'hello' }] }, 'missing_required_parameter'],
    ['messages[0].role', { ...ok, messages: [{ role: 'robot', content: 'hello' }] }],
    ['messages[0].content', { ...ok, messages: [{ role: 'user' }] }, 'missing_required_parameter'],
    ['messages[0].content', user(7)],
    ['messages[0].content', user([])],
    ['messages[0].content[0].type', user([{ type: 'smell' }])],
    ['messages[0].content[0].text', user([{ type: 'text' }]), 'missing_required_parameter'],
    ['messages[0].content[0].image_url.url', user([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }])],
    ['messages[0].content', { ...ok, messages: [{ role: 'assistant' }] }, 'missing_required_parameter'],
    ['messages[0].tool_call_id', { ...ok, messages: [{ role: 'tool', content: 'x' }] }, 'missing_required_parameter'],
    ['temperature', { ...ok, temperature: 3 }],
    ['temperature', { ...ok, temperature: 'hot' }],
    ['max_tokens', { ...ok, max_tokens: 0 }],
    ['max_tokens', { ...ok, max_tokens: 1.5 }],
    ['max_completion_tokens', { ...ok, max_tokens: 5, max_completion_tokens: 6 }],
    ['stop', { ...ok, stop: ['a', 'b', 'c', 'd', 'e'] }],
    ['tools[0].function.name', { ...ok, tools: [{ type: 'function', function: { name: 'a b' } }] }],
    ['tool_choice', { ...ok, tool_choice: 'required' }],
    ['response_format.type', { ...ok, response_format: { type: 'xml' } }],
    [
      'response_format.json_schema.schema',
      { ...ok, response_format: { type: 'json_schema', json_schema: { name: 'x' } } },
      'missing_required_parameter',
    ],
    ['metadata.a', { ...ok, metadata: { a: 1 } }],
    ['metadata', { ...ok, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) }],
    ['metadata.k', { ...ok, metadata: { k: 'x'.repeat(513) } }],
    ['n', { ...ok, n: 2 }, 'unsupported_parameter'],
    ['top_logprobs', { ...ok, top_logprobs: 2 }],
    ['top_logprobs', { ...ok, logprobs: true, top_logprobs: 21 }],
    ['verbosity', { ...ok, verbosity: 'chatty' }],
    ['logit_bias', { ...ok, logit_bias: { 1: 1 } }, 'unsupported_parameter'],
    ['functions', { ...ok, functions: [] }, 'unsupported_parameter'],
    ['temprature', { ...ok, temprature: 1 }, 'unknown_parameter'],
  ];
  test.each(rows)('%s of a chat completion, and of an inference', async (param, body, code = 'invalid_value') => {
    for (const path of [CHAT, SUBMIT]) await expectRefusal({ path, body }, { status: 400, code, param });
  });

  test.each<Row>([
    ['deadline', { ...ok, deadline: '10' }],
    ['deadline', { ...ok, deadline: 30 }],
    ['deadline', { ...ok, deadline: '0s' }],
    ['deadline', { ...ok, deadline: '8d' }],
    ['priority', { ...ok, priority: 0 }],
    ['priority', { ...ok, priority: 6 }],
    ['priority', { ...ok, priority: '1' }],
    ['strategy', { ...ok, strategy: 'failover' }],
    ['strategy.type', { ...ok, strategy: { targets: ['one/m1'] } }],
    ['strategy.type', strategy({ type: 'lottery' })],
    ['strategy.targets', { ...ok, strategy: { type: 'failover' } }, 'missing_required_parameter'],
    ['strategy.targets', strategy({ targets: [] })],
    ['strategy.targets[0]', strategy({ targets: ['single'] })],
    ['strategy.targets[0]', strategy({ targets: ['/m1'] })],
    ['strategy.targets[1]', strategy({ targets: ['one/m1', 'nobody/m1'] }), 'model_not_found'],
    [
      'strategy.targets[0].params.temperature',
      strategy({ targets: [{ target: 'one/m1', params: { temperature: 9 } }] }),
    ],
    ['strategy.max_attempts_per_target', strategy({ max_attempts_per_target: 0 })],
    ['strategy.attempt_timeout', strategy({ attempt_timeout: 'soon' })],
    ['strategy.on_exhausted', strategy({ on_exhausted: 'explode' })],
    ['strategy.quorum', strategy({ quorum: 2 }), 'unknown_parameter'],
  ])('%s of an inference', async (param, body, code = 'invalid_value') => {
    const wanted = param === 'strategy.type' && !('type' in (body as { strategy: object }).strategy);
    const status = code === 'model_not_found' ? 404 : 400;
    await expectRefusal({ path: SUBMIT, body }, { status, code: wanted ? 'missing_required_parameter' : code, param });
  });

  test('a stream that is neither asked for nor not is refused, and any of an inference', async () => {
    await expectRefusal({ body: { ...ok, stream: 'yes' } }, { status: 400, code: 'invalid_value', param: 'stream' });
    const wanted = { status: 400, code: 'unsupported_parameter', param: 'stream' };
    await expectRefusal({ path: SUBMIT, body: { ...ok, stream: true } }, wanted);
  });

  test.each(['deadline', 'priority', 'strategy'])('%s is none of a chat completion', async (param) => {
    await expectRefusal({ body: { ...ok, [param]: 1 } }, { status: 400, code: 'unknown_parameter', param });
  });
});

test.each<[string, Record<string, string>, string]>([
  ['x-holdfast-deadline', { 'x-holdfast-deadline': '5 minutes' }, CHAT],
  ['x-holdfast-deadline', { 'x-holdfast-deadline': '999ms' }, CHAT],
  ['x-holdfast-deadline', { 'x-holdfast-deadline': '99999d' }, CHAT],
  ['x-holdfast-priority', { 'x-holdfast-priority': '9' }, CHAT],
  ['x-holdfast-detach', { 'x-holdfast-detach': 'perhaps' }, CHAT],
  ['idempotency-key', { 'idempotency-key': '' }, CHAT],
  ['idempotency-key', { 'idempotency-key': 'x'.repeat(256) }, CHAT],
  ['idempotency-key', { 'idempotency-key': 'schlüssel' }, SUBMIT],
])('a bad header %s', async (param, headers, path) => {
  await expectRefusal({ path, body: ok, headers }, { status: 400, code: 'invalid_value', param });
});

test.each([
  'nobody',
  'nobody/m1',
  'one',
  'one/',
  '/m1',
  'CHAIN',
  'toString',
  '__proto__',
  'constructor/x',
])('an unknown model %s is a 404', async (model) => {
  for (const path of [CHAT, SUBMIT]) {
    await expectRefusal({ path, body: { ...ok, model } }, { status: 404, code: 'model_not_found', param: 'model' });
  }
});

describe('a bad address', () => {
  test.each<[string, string, number, string]>([
    ['GET', '/v1/inferences/inf-none', 404, 'inference_not_found'],
    ['POST', '/v1/inferences/inf-none/cancel', 404, 'inference_not_found'],
    ['POST', '/v1/inferences/inf-none/replay', 404, 'inference_not_found'],
    ['GET', '/v1/models/nobody', 404, 'model_not_found'],
    ['GET', '/v1/nothing', 404, 'route_not_found'],
    ['GET', '/', 404, 'route_not_found'],
    ['GET', CHAT, 404, 'route_not_found'],
    ['PUT', SUBMIT, 404, 'route_not_found'],
    ['POST', '/v1/audio/speech', 404, 'route_not_found'],
    ['GET', '/v1/inferences/%ZZ', 400, 'bad_http'],
    ['GET', '/v1/inferences?limit=0', 400, 'invalid_value'],
    ['GET', '/v1/inferences?limit=101', 400, 'invalid_value'],
    ['GET', '/v1/inferences?limit=1&limit=2', 400, 'invalid_value'],
    ['GET', '/v1/inferences?status=lost', 400, 'invalid_value'],
    ['GET', '/v1/inferences?since=yesterday', 400, 'invalid_value'],
    ['GET', '/v1/inferences?after=nonsense', 400, 'invalid_value'],
    ['GET', '/v1/inferences?colour=red', 400, 'unknown_parameter'],
    ['GET', '/v1/inferences?metadata.=x', 400, 'unknown_parameter'],
    ['GET', '/v1/inferences?metadata.k=x&metadata.k=y', 400, 'invalid_value'],
    ['GET', `/v1/inferences?idempotency_key=${'x'.repeat(300)}`, 400, 'invalid_value'],
    ['GET', '/v1/inferences/inf-01k9zv3m7x2c4d5e6f7g8h9j0k?wait=long', 400, 'invalid_value'],
    ['GET', '/v1/inferences/inf-01k9zv3m7x2c4d5e6f7g8h9j0k?wiat=1', 400, 'unknown_parameter'],
  ])('%s %s is a %i %s', async (method, path, status, code) => {
    await expectRefusal({ method, path }, { status, code });
  });

  test('is never a query of its own to Temporal', async () => {
    for (const evil of ["' OR WorkflowId != '", "') --", '\\', '"', '%', '*', "single' OR '1'='1"]) {
      const text = encodeURIComponent(evil);
      for (const query of [`model=${text}`, `metadata.k=${text}`, `metadata.${text}=x`]) {
        const { status, body } = await service.request(`${SUBMIT}?${query}`);
        expect({ query, status }).toEqual({ query, status: 200 });
        expect(body.data).toEqual([]);
      }
    }
  });
});

test.each<[string, string, number]>([
  ['what is not HTTP', 'hello\r\n\r\n', 400],
  ['a length that is none', `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n`, 400],
  [
    'a chunk that is none',
    `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    400,
  ],
  ['headers without end', `GET /healthz HTTP/1.1\r\nx: ${'y'.repeat(40_000)}`, 431],
])('%s is refused in the same shape', async (_name, bytes, status) => {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
  expect(body.error).toMatchObject({ message: expect.any(String), type: 'invalid_request_error', param: null });
});
