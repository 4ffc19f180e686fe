// The demo's own client of the HTTP API: what any program of a user would send. Must not print.

import { setTimeout as sleep } from 'node:timers/promises';
import type { InferenceView } from '../api-client.ts';
import { CommandError } from '../output.ts';

export interface Client {
  submit(body: Readonly<Record<string, unknown>>): Promise<InferenceView>;
  get(id: string): Promise<InferenceView>;
  /** Answers when it has ended. */
  ended(id: string): Promise<InferenceView>;
  replay(id: string): Promise<InferenceView>;
}

export function createClient(url: string, signal: AbortSignal): Client {
  const send = async (method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> => {
    const response = await fetch(`${url}/v1/inferences${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      signal,
    });
    return { status: response.status, body: (await response.json()) as Reply['body'] };
  };
  /** On a busy machine Temporal may be slow to answer: reading again is harmless. */
  const read = async (path: string): Promise<InferenceView> => {
    for (let attempt = 1; ; attempt++) {
      const reply = await send('GET', path);
      if (reply.status !== 503 || attempt === MAX_READS) return inferenceIn(reply);
      await sleep(READ_AGAIN_MS, undefined, { signal });
    }
  };
  return {
    submit: async (body) => inferenceIn(await send('POST', '', body)),
    get: (id) => read(`/${id}`),
    async ended(id) {
      for (;;) {
        const inference = await read(`/${id}?wait=${WAIT_SECONDS}`);
        if (inference.status !== 'running' && inference.status !== 'waiting') return inference;
      }
    },
    replay: async (id) => inferenceIn(await send('POST', `/${id}/replay`)),
  };
}

function inferenceIn({ status, body }: Reply): InferenceView {
  if ('id' in body) return body;
  throw new CommandError(`The API answered with status ${status}: ${body.error.message}`);
}

interface Reply {
  readonly status: number;
  readonly body: InferenceView | { readonly error: { readonly message: string } };
}

const MAX_READS = 10;
const READ_AGAIN_MS = 1_000;
const WAIT_SECONDS = 30;
