// The providers whose packages are optional: where they are asked, with which credentials, and Bedrock's binary frames.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { awsFrame } from '../../src/simulator/wires/aws-frame.ts';
import { addressOf, type ProviderSettings } from '../../activities/providers/registry.ts';
import { answerOf, call, chunk, DONE, failureOf, frame, LIMITS, question, USAGE } from './call.ts';

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server | null = null;
let seen: Seen[] = [];
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  seen = [];
});

type Answer = (response: ServerResponse, request: Seen) => void;

async function serve(answer: Answer): Promise<string> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (piece: Buffer) => chunks.push(piece));
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sse = (...frames: readonly string[]): Answer => {
  return (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(frames.join(''));
};

const callWith = (settings: ProviderSettings, change: Parameters<typeof call>[2] = {}) =>
  call(settings.type, '', { settings, ...change });

describe('azure', () => {
  const answer = sse(chunk({ content: 'Hello' }), chunk({}, 'stop'), USAGE, DONE);

  it('is asked for a deployment at the one API for all of them', async () => {
    const baseUrl = `${await serve(answer)}/openai/v1`;
    const outcome = await callWith({ type: 'azure', apiKey: 'k', baseUrl }, { target: { model: 'my-deployment' } });
    expect(answerOf(outcome).text).toBe('Hello');
    expect(seen[0]).toMatchObject({ url: '/openai/v1/chat/completions', headers: { 'api-key': 'k' } });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ model: 'my-deployment', stream: true });
  });

  it('is asked for it in the path by a version with a date', async () => {
    const baseUrl = `${await serve(answer)}/openai`;
    const settings = { type: 'azure', apiKey: 'k', baseUrl, apiVersion: '2024-10-21' } as const;
    answerOf(await callWith(settings, { target: { model: 'my-deployment' } }));
    expect(seen[0]?.url).toBe('/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21');
  });
});

describe('bedrock', () => {
  it.each([
    ['eu-central-1', 'https://bedrock-runtime.eu-central-1.amazonaws.com'],
    ['cn-north-1', 'https://bedrock-runtime.cn-north-1.amazonaws.com.cn'],
    ['eusc-de-east-1', 'https://bedrock-runtime.eusc-de-east-1.amazonaws.eu'],
  ])('in the region %s is at %s', (region, address) => {
    expect(addressOf({ type: 'bedrock', apiKey: 'k', region })).toBe(address);
  });

  const event = (name: string, payload: unknown) => awsFrame('event', name, payload);
  const start = event('messageStart', { role: 'assistant' });
  const text = (words: string) => event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: words } });
  const stop = (stopReason: string) => event('messageStop', { stopReason });
  const usage = event('metadata', { usage: { inputTokens: 9, outputTokens: 5, totalTokens: 14 } });

  /** Each piece by itself. */
  const frames = (...pieces: readonly Uint8Array[]): Answer => {
    return (response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'r-1' });
      const next = (index: number): void => {
        const piece = pieces[index];
        if (piece === undefined) response.end();
        else response.write(piece, () => setImmediate(() => next(index + 1)));
      };
      next(0);
    };
  };
  const callIt = async (answer: Answer, change: Parameters<typeof call>[2] = {}) =>
    callWith({ type: 'bedrock', apiKey: 'k', region: 'eu-central-1', baseUrl: await serve(answer) }, change);

  it('takes a key of its own as a bearer token', async () => {
    const outcome = await callIt(frames(start, text('Grüße, '), text('日本 🌊'), stop('end_turn'), usage), {
      target: { model: 'eu.amazon.nova-lite-v1:0' },
    });
    expect(answerOf(outcome)).toMatchObject({ text: 'Grüße, 日本 🌊', usage: { inputTokens: 9, outputTokens: 5 } });
    expect(outcome.meta.providerRequestId).toBe('r-1');
    expect(seen[0]).toMatchObject({
      url: '/model/eu.amazon.nova-lite-v1%3A0/converse-stream',
      headers: { authorization: 'Bearer k' },
    });
  });

  it('signs with keys for a time, as AWS wants it', async () => {
    const baseUrl = await serve(frames(start, text('Hi'), stop('end_turn'), usage));
    const settings = {
      type: 'bedrock',
      region: 'eu-central-1',
      baseUrl,
      accessKeyId: 'AKIA',
      secretAccessKey: 's',
    } as const;
    answerOf(await callWith({ ...settings, sessionToken: 'token' }));
    expect(seen[0]?.headers).toMatchObject({
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/eu-central-1\/bedrock\/aws4_request, /,
      ),
      'x-amz-security-token': 'token',
    });
  });

  it('may send its frames in any pieces', async () => {
    const all = Buffer.concat([start, text('Grüße, '), text('日本'), stop('end_turn'), usage]);
    const pieces = Array.from({ length: Math.ceil(all.length / 7) }, (_, i) => all.subarray(i * 7, i * 7 + 7));
    expect(answerOf(await callIt(frames(...pieces))).text).toBe('Grüße, 日本');
  });

  it.each([
    ['without its end', [start, text('Half')], 'connection'],
    ['in the middle of a frame', [start, text('Half').subarray(0, 30)], 'connection'],
    [
      'with a frame that is none',
      [start, Buffer.from('nothing of the kind, and long enough'), stop('end_turn')],
      'malformed',
    ],
    ['at its limit of tokens', [start, text('Half'), stop('max_tokens'), usage], 'truncated'],
    ['at the end of its window', [start, text('Half'), stop('model_context_window_exceeded'), usage], 'truncated'],
    ['by a guardrail', [start, text('No'), stop('guardrail_intervened'), usage], 'content-filtered'],
    ['with a tool call that it could not form', [start, stop('malformed_tool_use'), usage], 'malformed'],
  ] as const)('that ends %s is no answer', async (_title, pieces, kind) => {
    expect(failureOf(await callIt(frames(...pieces))).kind).toBe(kind);
  });

  it.each([
    ['throttlingException', 'rate-limited'],
    ['serviceUnavailableException', 'overloaded'],
    ['modelStreamErrorException', 'server-error'],
    ['internalServerException', 'server-error'],
    ['validationException', 'invalid-request'],
  ])('that breaks off with %s is %s', async (name, kind) => {
    const failure = failureOf(
      await callIt(frames(start, text('Half'), awsFrame('exception', name, { message: 'Why.' }))),
    );
    expect(failure).toMatchObject({ kind, providerMessage: 'Why.' });
  });

  it('gives the calls of tools, and none when their arguments are cut', async () => {
    const open = event('contentBlockStart', {
      contentBlockIndex: 0,
      start: { toolUse: { toolUseId: 't1', name: 'find' } },
    });
    const input = (part: string) =>
      event('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: part } } });
    const close = event('contentBlockStop', { contentBlockIndex: 0 });
    const prompt = question({ tools: [{ name: 'find' }] });
    const whole = frames(start, open, input('{"a":'), input('1}'), close, stop('tool_use'), usage);
    expect(answerOf(await callIt(whole, { prompt })).toolCalls).toEqual([
      { id: 't1', name: 'find', arguments: '{"a":1}' },
    ]);
    const cut = frames(start, open, input('{"a":'), close, stop('tool_use'), usage);
    expect(failureOf(await callIt(cut, { prompt })).kind).toBe('truncated');
  });
});

describe('vertex', () => {
  const answer = sse(
    frame({ candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] }),
  );
  /** Credentials of another cloud, which are the ones that name the address of their tokens. */
  const credentials = (url: string) =>
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${url}/token`,
      credential_source: { url: `${url}/subject` },
    });
  const withTokens = (giveToken: Answer): Answer => {
    return (response, request) => {
      if (request.url === '/subject') response.end('subject-token');
      else if (request.url === '/token') giveToken(response, request);
      else answer(response, request);
    };
  };
  const settingsAt = (url: string, text = credentials(url)): ProviderSettings => ({
    type: 'vertex',
    project: 'my-project',
    region: 'global',
    baseUrl: `${url}/v1`,
    credentials: text,
  });

  it('fetches a token with its credentials, and asks with that', async () => {
    const url = await serve(
      withTokens((response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({ access_token: 'fresh', token_type: 'Bearer', expires_in: 3_600, issued_token_type: 'x' }),
        );
      }),
    );
    expect(answerOf(await callWith(settingsAt(url), { target: { model: 'gemini-2.5-flash' } })).text).toBe('Hi');
    expect(seen.at(-1)).toMatchObject({
      url: '/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      headers: { authorization: 'Bearer fresh' },
    });
  });

  it('says that its credentials are refused, as no call was made', async () => {
    const url = await serve(
      withTokens((response) => {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: 'invalid_grant', error_description: 'secret words' }));
      }),
    );
    const outcome = await callWith(settingsAt(url));
    expect(failureOf(outcome).kind).toBe('auth');
    expect(failureOf(outcome).message).not.toContain('secret');
    expect(outcome.meta).toMatchObject({ isSent: false, possiblyBilled: false });
  });

  it('does not wait for a token for longer than for a first token', async () => {
    const url = await serve(withTokens(() => {}));
    const limits = { ...LIMITS, firstTokenTimeoutMs: 200 };
    expect(failureOf(await callWith(settingsAt(url), { limits })).kind).toBe('first-token-timeout');
  });

  it('is not configured with a key file that is none', async () => {
    const url = await serve(answer);
    expect(failureOf(await callWith(settingsAt(url, 'no JSON'))).kind).toBe('not-configured');
    expect(seen).toEqual([]);
  });
});
