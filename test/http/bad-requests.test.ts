import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chat, serverWithoutTemporal } from './server-without-temporal.ts';

const CHAT = '/v1/chat/completions';
const SUBMIT = '/v1/inferences';

const user = (content: unknown) => ({ ...chat, messages: [{ role: 'user', content }] });
const message = (fields: object) => ({ ...chat, messages: [fields] });
const tool = { type: 'function', function: { name: 'add' } };
const failover = (fields: object) => ({ ...chat, strategy: { type: 'failover', targets: ['openai/a'], ...fields } });

const { app, used, log } = await serverWithoutTemporal();

interface BadBody {
  readonly body: unknown;
  readonly param: string | null;
  readonly code?: string;
  readonly url?: string;
}

const badBodies: Record<string, BadBody> = {
  'no body': { body: '', param: null },
  'a list for a body': { body: [], param: null },
  'a text for a body': { body: '"hello"', param: null },
  'no model': { body: { messages: chat.messages }, param: 'model', code: 'missing_required_parameter' },
  'an empty model': { body: { ...chat, model: '' }, param: 'model' },
  'a number for a model': { body: { ...chat, model: 4 }, param: 'model' },
  'no messages': { body: { model: 'summarize' }, param: 'messages', code: 'missing_required_parameter' },
  'an empty list of messages': { body: { ...chat, messages: [] }, param: 'messages' },
  'a message without a role': {
    body: message({ content: 'x' }),
    param: 'messages[0].role',
    code: 'missing_required_parameter',
  },
  'an unknown role': { body: message({ role: 'robot', content: 'x' }), param: 'messages[0].role' },
  'a message without content': {
    body: message({ role: 'user' }),
    param: 'messages[0].content',
    code: 'missing_required_parameter',
  },
  'a number for content': { body: user(5), param: 'messages[0].content' },
  'no content parts': { body: user([]), param: 'messages[0].content' },
  'a content part of an unknown type': {
    body: user([{ type: 'input_audio', input_audio: {} }]),
    param: 'messages[0].content[0].type',
  },
  'a text part without text': {
    body: user([{ type: 'text' }]),
    param: 'messages[0].content[0].text',
    code: 'missing_required_parameter',
  },
  'an image at an address that is none': {
    body: user([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }]),
    param: 'messages[0].content[0].image_url.url',
  },
  'a file by its id': {
    body: user([{ type: 'file', file: { file_id: 'file-1' } }]),
    param: 'messages[0].content[0].file.file_data',
    code: 'missing_required_parameter',
  },
  'a file that is no data: URL': {
    body: user([{ type: 'file', file: { file_data: 'aGVsbG8=' } }]),
    param: 'messages[0].content[0].file.file_data',
  },
  'an unknown field deep inside': {
    body: user([{ type: 'text', text: 'x', cache: true }]),
    param: 'messages[0].content[0].cache',
    code: 'unknown_parameter',
  },
  'a tool answer without its call': {
    body: message({ role: 'tool', content: 'x' }),
    param: 'messages[0].tool_call_id',
    code: 'missing_required_parameter',
  },
  'an assistant message that says nothing': {
    body: message({ role: 'assistant', content: null }),
    param: 'messages[0].content',
  },
  'temperature too high': { body: { ...chat, temperature: 2.1 }, param: 'temperature' },
  'top_p too high': { body: { ...chat, top_p: 2 }, param: 'top_p' },
  'no tokens at all': { body: { ...chat, max_tokens: 0 }, param: 'max_tokens' },
  'half a token': { body: { ...chat, max_completion_tokens: 0.5 }, param: 'max_completion_tokens' },
  'two limits that differ': {
    body: { ...chat, max_tokens: 5, max_completion_tokens: 6 },
    param: 'max_completion_tokens',
  },
  'five stop texts': { body: { ...chat, stop: ['a', 'b', 'c', 'd', 'e'] }, param: 'stop' },
  'an empty stop text': { body: { ...chat, stop: ['a', ''] }, param: 'stop[1]' },
  'a seed that is no integer': { body: { ...chat, seed: 1.5 }, param: 'seed' },
  'an unknown reasoning effort': { body: { ...chat, reasoning_effort: 'most' }, param: 'reasoning_effort' },
  'a tool without a name': {
    body: { ...chat, tools: [{ type: 'function', function: {} }] },
    param: 'tools[0].function.name',
    code: 'missing_required_parameter',
  },
  'a tool of another type': { body: { ...chat, tools: [{ type: 'custom' }] }, param: 'tools[0].type' },
  'a tool choice without tools': { body: { ...chat, tool_choice: 'required' }, param: 'tool_choice' },
  'the choice of a tool that is not there': {
    body: { ...chat, tools: [tool], tool_choice: { type: 'function', function: { name: 'subtract' } } },
    param: 'tool_choice',
  },
  'an unknown response format': { body: { ...chat, response_format: { type: 'xml' } }, param: 'response_format.type' },
  'a JSON format without a schema': {
    body: { ...chat, response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
    param: 'response_format.json_schema.schema',
    code: 'missing_required_parameter',
  },
  'an expectation of nothing': { body: { ...chat, expect: {} }, param: 'expect' },
  'an expectation that nobody knows': {
    body: { ...chat, expect: { sentences: 3 } },
    param: 'expect.sentences',
    code: 'unknown_parameter',
  },
  'an expected count that is none': { body: { ...chat, expect: { words: '3' } }, param: 'expect.words' },
  'an expected count without bounds': { body: { ...chat, expect: { words: {} } }, param: 'expect.words' },
  'an expected count with a min above its max': {
    body: { ...chat, expect: { words: { min: 3, max: 2 } } },
    param: 'expect.words',
  },
  'an expected pattern that is none': { body: { ...chat, expect: { pattern: '(' } }, param: 'expect.pattern' },
  'an expected pattern with a look-ahead': {
    url: SUBMIT,
    body: { ...chat, expect: { pattern: 'a(?=b)' } },
    param: 'expect.pattern',
  },
  'an expected schema that is none': {
    body: { ...chat, expect: { schema: { type: 'nonsense' } } },
    param: 'expect.schema',
  },
  'an expected syntax that nobody parses': { body: { ...chat, expect: { syntax: 'cobol' } }, param: 'expect.syntax' },
  'metadata that is no text': { body: { ...chat, metadata: { a: 1 } }, param: 'metadata.a' },
  'too much metadata': {
    body: { ...chat, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])) },
    param: 'metadata',
  },
  'a field that nobody knows': { body: { ...chat, temprature: 1 }, param: 'temprature', code: 'unknown_parameter' },
  'a deadline in the body of a chat completion': {
    body: { ...chat, deadline: '30s' },
    param: 'deadline',
    code: 'unknown_parameter',
  },
  'a deadline without a unit': { url: SUBMIT, body: { ...chat, deadline: '30' }, param: 'deadline' },
  'a deadline that is too short': { url: SUBMIT, body: { ...chat, deadline: '999ms' }, param: 'deadline' },
  'a deadline that is too long': { url: SUBMIT, body: { ...chat, deadline: '8d' }, param: 'deadline' },
  'a priority of 0': { url: SUBMIT, body: { ...chat, priority: 0 }, param: 'priority' },
  'a priority of 6': { url: SUBMIT, body: { ...chat, priority: 6 }, param: 'priority' },
  'an unknown strategy': { url: SUBMIT, body: failover({ type: 'roulette' }), param: 'strategy.type' },
  'a strategy without targets': { url: SUBMIT, body: failover({ targets: [] }), param: 'strategy.targets' },
  'a target without a provider': { url: SUBMIT, body: failover({ targets: ['gpt'] }), param: 'strategy.targets[0]' },
  'an unknown field of a target': {
    url: SUBMIT,
    body: failover({ targets: ['openai/a', { target: 'openai/b', weight: 2 }] }),
    param: 'strategy.targets[1].weight',
    code: 'unknown_parameter',
  },
  'two limits of a target that differ': {
    url: SUBMIT,
    body: failover({ targets: [{ target: 'openai/b', params: { max_tokens: 1, max_completion_tokens: 2 } }] }),
    param: 'strategy.targets[0].params.max_completion_tokens',
  },
  'a webhook that is no address': { url: SUBMIT, body: { ...chat, webhook_url: 'hooks' }, param: 'webhook_url' },
  'a number for a webhook': { url: SUBMIT, body: { ...chat, webhook_url: 5 }, param: 'webhook_url' },
  'a webhook at a private address': {
    url: SUBMIT,
    body: { ...chat, webhook_url: 'http://0x7f.1/' },
    param: 'webhook_url',
  },
  'an attempt timeout of nothing': {
    url: SUBMIT,
    body: failover({ attempt_timeout: '0s' }),
    param: 'strategy.attempt_timeout',
  },
  'too many attempts': {
    url: SUBMIT,
    body: failover({ max_attempts_per_target: 11 }),
    param: 'strategy.max_attempts_per_target',
  },
};

describe('a bad body is a 400 that names the field, and starts nothing', () => {
  test.each(Object.entries(badBodies))('%s', async (_name, { body, param, code = 'invalid_value', url = CHAT }) => {
    const response = await app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({
      error: { message: expect.any(String), type: 'invalid_request_error', code, param },
    });
    expect(response.json().error.message).toContain(param ?? 'body');
    expect(response.headers['x-should-retry']).toBe('false');
    expect(used).toEqual([]);
  });
});

const unsupported = {
  n: 2,
  modalities: ['text', 'audio'],
  logit_bias: { 50256: -100 },
  audio: { voice: 'alloy', format: 'mp3' },
  functions: [],
  function_call: 'auto',
  prediction: { type: 'content', content: 'x' },
  web_search_options: {},
};

test.each(Object.entries(unsupported))("OpenAI's %s is refused by its name", async (param, value) => {
  const response = await app.inject({ method: 'POST', url: CHAT, payload: { ...chat, [param]: value } });
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code: 'unsupported_parameter', param });
  expect(used).toEqual([]);
});

test.each([
  ['a stream of a submitted inference', SUBMIT, { stream: true }, 'stream', 'unsupported_parameter'],
  [
    'options of a stream that is none',
    CHAT,
    { stream_options: { include_usage: true } },
    'stream_options',
    'invalid_value',
  ],
  [
    'an option of streams that nobody knows',
    CHAT,
    { stream: true, stream_options: { fast: true } },
    'stream_options.fast',
    'unknown_parameter',
  ],
])('%s is refused by its name', async (_name, url, fields, param, code) => {
  const response = await app.inject({ method: 'POST', url, payload: { ...chat, ...fields } });
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code, param });
  expect(used).toEqual([]);
});

test.each([
  ['a duration without a unit', { 'x-holdfast-deadline': '30' }, 'x-holdfast-deadline'],
  ['a deadline that is too long', { 'x-holdfast-deadline': '30d' }, 'x-holdfast-deadline'],
  ['a priority of 9', { 'x-holdfast-priority': '9' }, 'x-holdfast-priority'],
  ['a detach that is neither true nor false', { 'x-holdfast-detach': 'perhaps' }, 'x-holdfast-detach'],
  ['an empty Idempotency-Key', { 'idempotency-key': '' }, 'idempotency-key'],
  ['an Idempotency-Key of 256 characters', { 'idempotency-key': 'k'.repeat(256) }, 'idempotency-key'],
  ['an Idempotency-Key that is not printable', { 'idempotency-key': 'a\tb' }, 'idempotency-key'],
])('%s in a header is a 400 that names the header', async (_name, headers, param) => {
  const response = await app.inject({ method: 'POST', url: CHAT, headers, payload: chat });
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code: 'invalid_value', param });
  expect(used).toEqual([]);
});

test.each([
  ['?limit=0', 'limit', 'invalid_value'],
  ['?limit=101', 'limit', 'invalid_value'],
  ['?status=done', 'status', 'invalid_value'],
  ['?waiting_for=godot', 'waiting_for', 'invalid_value'],
  ['?since=yesterday', 'since', 'invalid_value'],
  ['?colour=red', 'colour', 'unknown_parameter'],
  ['?metadata.=x', 'metadata.', 'unknown_parameter'],
  ['?metadata.a=1&metadata.a=2', 'metadata.a', 'invalid_value'],
  ['/inf-01k9zv3m7x2c4d5e6f7g8h9j0k?wait=long', 'wait', 'invalid_value'],
  ['/inf-01k9zv3m7x2c4d5e6f7g8h9j0k?waits=3', 'waits', 'unknown_parameter'],
])('GET /v1/inferences%s is a 400 that names the parameter', async (query, param, code) => {
  const response = await app.inject(`${SUBMIT}${query}`);
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code, param });
  expect(used).toEqual([]);
});

test('malformed JSON is a 400, and what was sent is repeated nowhere', async () => {
  const response = await app.inject({
    method: 'POST',
    url: CHAT,
    headers: { 'content-type': 'application/json' },
    payload: '{"messages": my secret prompt',
  });
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code: 'invalid_json', param: null });
  expect(`${response.body}${log.join('')}`).not.toContain('secret');
  expect(used).toEqual([]);
});

test('a bad field is named without its value', async () => {
  const payload = { ...chat, messages: [{ role: 'my secret prompt', content: 'my secret prompt' }] };
  const response = await app.inject({ method: 'POST', url: CHAT, payload });
  expect(response.statusCode).toBe(400);
  expect(`${response.body}${log.join('')}`).not.toContain('secret');
});

test('a body that is not JSON is a 415', async () => {
  const headers = { 'content-type': 'text/plain' };
  const response = await app.inject({ method: 'POST', url: CHAT, headers, payload: JSON.stringify(chat) });
  expect(response.statusCode).toBe(415);
  expect(response.json().error).toMatchObject({ code: 'unsupported_media_type', param: 'content-type' });
  expect(used).toEqual([]);
});

describe('a body over the limit', () => {
  const large = JSON.stringify({ ...chat, user: 'x'.repeat(20_000_000) });

  test('is a 413 that names the limit, and the client gets to read it', async () => {
    const { port, started } = await listening({ bodyLimitBytes: 100_000 });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}${CHAT}`, { method: 'POST', headers, body: large });
    expect(response.status).toBe(413);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: 'body_too_large', param: null });
    expect(error['message']).toContain('100000 bytes');
    expect(started).toEqual([]);
  });

  test('also reaches a client that reads nothing before it has sent everything', async () => {
    const { port } = await listening({ bodyLimitBytes: 100_000 });
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${large.length}\r\n\r\n`;
    expect(await exchange(port, head + large)).toMatch(/^HTTP\/1\.1 413 /);
  });
});

test.each([
  ['garbage', 'GARBAGE\r\n\r\n', 400],
  ['headers that are too large', `GET /healthz HTTP/1.1\r\nhost: x\r\na: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
])('%s instead of HTTP is answered in the shape of all errors', async (_name, sent, status) => {
  const { port } = await listening();
  const [head = '', body = ''] = (await exchange(port, sent)).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toContain('x-request-id: ');
  expect(JSON.parse(body).error).toMatchObject({ type: 'invalid_request_error', code: expect.any(String) });
});

test.each(['/nothing', '/v1/responses', '/v1/nothing?x=1'])('%s is a 404 in the shape of all errors', async (url) => {
  const response = await app.inject(url);
  expect(response.statusCode).toBe(404);
  expect(response.json().error).toMatchObject({ code: 'route_not_found', type: 'invalid_request_error' });
});

test('an address that cannot be decoded is a 400 in the shape of all errors', async () => {
  const response = await app.inject('/v1/models/%zz');
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code: 'bad_http' });
  expect(response.headers['x-request-id']).toBeTruthy();
});

test.each([
  ['a name that is not configured', { ...chat, model: 'nobody' }, CHAT, 'model'],
  ['a target whose provider is not configured', { ...chat, model: 'acme/gpt' }, SUBMIT, 'model'],
  ['a strategy with such a target', failover({ targets: ['openai/a', 'acme/gpt'] }), SUBMIT, 'strategy.targets[1]'],
])('%s is a 404 that says so', async (_name, payload, url, param) => {
  const response = await app.inject({ method: 'POST', url, payload });
  expect(response.statusCode).toBe(404);
  expect(response.json().error).toMatchObject({ code: 'model_not_found', param });
  expect(used).toEqual([]);
});

test.each([
  ['GET', ''],
  ['GET', '?wait=1'],
  ['POST', '/cancel'],
  ['POST', '/replay'],
  ['POST', '/resolve'],
] as const)('%s of an id that cannot be one%s is a 404 without a look at Temporal', async (method, rest) => {
  const payload = rest === '/resolve' ? { payload: { vote: 0, reason: 'r' } } : {};
  const response = await app.inject({ method, url: `${SUBMIT}/temporal-sys-scanner${rest}`, ...payload });
  expect(response.statusCode).toBe(404);
  expect(response.json().error).toMatchObject({ code: 'inference_not_found' });
  expect(used).toEqual([]);
});

test.each([
  ['neither vote nor answer', { reason: 'r' }, 'vote', 'missing_required_parameter'],
  ['both', { vote: 0, answer: 'x', reason: 'r' }, 'vote', 'invalid_value'],
  ['no reason', { vote: 0 }, 'reason', 'missing_required_parameter'],
  ['an empty reason', { vote: 0, reason: '' }, 'reason', 'invalid_value'],
  ['an empty answer', { answer: '', reason: 'r' }, 'answer', 'invalid_value'],
  ['a vote below 0', { vote: -1, reason: 'r' }, 'vote', 'invalid_value'],
  ['a name', { vote: 0, reason: 'r', by: 'olga' }, 'by', 'unknown_parameter'],
])('a resolution with %s is a 400 that names the field, and reaches no vote', async (_name, payload, param, code) => {
  const response = await app.inject({
    method: 'POST',
    url: `${SUBMIT}/inf-01k9zv3m7x2c4d5e6f7g8h9j0k/resolve`,
    payload,
  });
  expect(response.statusCode).toBe(400);
  expect(response.json().error).toMatchObject({ code, param });
  expect(used).toEqual([]);
});

async function listening(options: { bodyLimitBytes?: number } = {}) {
  const server = await serverWithoutTemporal(options);
  onTestFinished(() => server.app.close());
  const url = await server.app.listen({ port: 0, host: '127.0.0.1' });
  return { port: Number(new URL(url).port), started: server.used };
}

/** Sends it all, then reads it all. */
function exchange(port: number, sent: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.once('error', reject).once('close', () => resolve(received));
    socket.write(sent, () => socket.resume());
  });
}
