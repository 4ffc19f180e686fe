// The demo's view of the HTTP API: the commands' own client, with patience for a busy machine. Must not print.

import { setTimeout as sleep } from 'node:timers/promises';
import type { InferenceView, TargetView } from '../api-client.ts';
import { ApiError, clientOf } from '../api-client.ts';

export interface Client {
  submit(body: Readonly<Record<string, unknown>>): Promise<InferenceView>;
  get(id: string): Promise<InferenceView>;
  /** Answers when it has ended. */
  ended(id: string): Promise<InferenceView>;
  replay(id: string): Promise<InferenceView>;
  /** Closes the circuits that an earlier demo has left open. */
  restoreAll(): Promise<void>;
  /** The state of a target's circuit. */
  circuit(target: string): Promise<TargetView['breaker']['state'] | null>;
}

export function createClient(url: string, signal: AbortSignal): Client {
  const api = clientOf({ address: () => url, apiKey: null, signal });
  /** Temporal may be slow to answer: reading again is harmless, and so is restoring. */
  const patiently = async <T>(read: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof ApiError && error.canPass) || attempt === MAX_READS) throw error;
        await sleep(READ_AGAIN_MS, undefined, { signal });
      }
    }
  };
  return {
    submit: (body) => api.submit(body, undefined),
    get: (id) => patiently(() => api.get(id)),
    async ended(id) {
      for (;;) {
        const inference = await patiently(() => api.wait(id, { seconds: WAIT_SECONDS, signal }));
        if (inference.ended_at !== null) return inference;
      }
    },
    replay: (id) => api.replay(id),
    async restoreAll() {
      const { data } = await api.targets({ signal });
      const isOut = ({ health }: TargetView) => health === 'out';
      const out = data.filter(isOut);
      for (const { provider, model } of out) await patiently(() => api.steer('restore', { provider, model }));
      // The worker hears of it when it next reads what all share.
      if (out.length > 0) await sleep(HEARD_AFTER_MS, undefined, { signal });
    },
    async circuit(target) {
      const { data } = await api.targets({ signal });
      return data.find(({ id }) => id === target)?.breaker.state ?? null;
    },
  };
}

const HEARD_AFTER_MS = 2_000;
const MAX_READS = 10;
const READ_AGAIN_MS = 1_000;
const WAIT_SECONDS = 30;
