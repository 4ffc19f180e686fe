// Makes one call of a provider over real HTTP, with a question of no interest. For the tests beside it.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callProvider } from '../../activities/providers/call.ts';
import { createProviderConnections } from '../../activities/providers/exchange.ts';
import type { CallInput, CallOutcome } from '../../activities/providers/outcome.ts';
import type { ProviderType } from '../../activities/providers/registry.ts';
import type { Answer } from '../../src/domain/answer.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { Target } from '../../src/domain/target.ts';

const connections = createProviderConnections();

export const LIMITS = { attemptTimeoutMs: 10_000, firstTokenTimeoutMs: 5_000, stallTimeoutMs: 5_000 };

export function question(change: Partial<Prompt> = {}): Prompt {
  const text = 'The river is long and wide. It flows through seven countries on its way to the sea.';
  return { messages: [{ role: 'user', parts: [{ type: 'text', text }] }], params: {}, ...change };
}

export function call(
  type: ProviderType,
  baseUrl: string,
  change: Partial<Omit<CallInput, 'target'>> & { readonly target?: Partial<Target> } = {},
): Promise<CallOutcome> {
  return callProvider({
    traceparent: null,
    // The region is asked for by one type, and only a label to the others.
    settings: { type, apiKey: 'test-key', baseUrl, region: 'eu-central-1' },
    prompt: question(),
    limits: LIMITS,
    cancelSignals: [],
    connections,
    ...change,
    target: { provider: 'main', model: type === 'anthropic' ? 'claude-haiku-4-5' : 'some-model', ...change.target },
  });
}

export function answerOf(outcome: CallOutcome): Answer {
  if (outcome.type === 'answered') return outcome.answer;
  throw new Error(`Expected an answer, not ${outcome.failure.kind}: ${outcome.failure.message}`);
}

export function failureOf(outcome: CallOutcome): CallFailure {
  if (outcome.type === 'failed') return outcome.failure;
  throw new Error(`Expected a failure, not ${JSON.stringify(outcome.answer)}`);
}

export interface TestServer {
  readonly url: string;
  /** Requests that arrived. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

export async function startServer(listener: RequestListener): Promise<TestServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume().once('end', () => listener(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A server that writes these pieces, each by itself, as an event stream. */
export function startStream(pieces: readonly (string | Uint8Array)[]): Promise<TestServer> {
  return startServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const next = (index: number): void => {
      const piece = pieces[index];
      if (piece === undefined) response.end();
      else response.write(piece, () => setImmediate(() => next(index + 1)));
    };
    next(0);
  });
}

export function frame(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** A chunk of the chat completions wire. */
export function chunk(delta: Readonly<Record<string, unknown>>, finish: string | null = null, extra = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return frame({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'served-model', choices, ...extra });
}

export const USAGE = frame({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'served-model',
  choices: [],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});
export const DONE = frame('[DONE]');
