// A provider with a heavy tail: nearly every answer comes after about a tenth of a second, and a few take seconds. How
// long a question takes a model is told by the seed, so that every strategy meets the same latencies. Runs in the
// benchmark's own process, which hardly works while it waits.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { drawn } from '../src/simulator/drawn.ts';

export interface SlowTailProvider {
  /** Followed by `/{model}/v1`. */
  readonly url: string;
  /** How many calls have arrived so far. */
  calls(): number;
  close(): Promise<void>;
}

export async function startSlowTailProvider(seed: string): Promise<SlowTailProvider> {
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    void answer({ request, response, seed });
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function slowTailMs(of: { readonly seed: string; readonly model: string; readonly prompt: string }): number {
  const { seed, model, prompt } = of;
  const isSlow = drawn(seed, model, prompt, 'which') < SLOW_SHARE;
  const [low, high] = isSlow ? [1_000, 2_500] : [80, 120];
  return low + drawn(seed, model, prompt, 'how long') * (high - low);
}

const SLOW_SHARE = 0.03;

async function answer(serving: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seed: string;
}): Promise<void> {
  const { request, response, seed } = serving;
  const model = request.url?.split('/', 2)[1] ?? '';
  const { messages } = JSON.parse(await text(request)) as { readonly messages: readonly object[] };
  const afterMs = slowTailMs({ seed, model, prompt: JSON.stringify(messages.at(-1)) });
  const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_767_225_600, model };
  const events = [
    { choices: [{ index: 0, delta: { role: 'assistant', content: 'An answer.' }, finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { choices: [], usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 } },
  ];
  const frames = events.map((fields) => `data: ${JSON.stringify({ ...head, ...fields })}\n\n`);
  const timer = setTimeout(() => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'bench' });
    response.end(`${frames.join('')}data: [DONE]\n\n`);
  }, afterMs);
  // A hedge that has lost leaves before.
  response.once('close', () => clearTimeout(timer));
}
