// The four ways in which the same question is asked, from one provider alone to Holdfast's durable inferences. Each
// says how it ended; whether an answer is right is not theirs to say.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../../simulator/simulator.ts';
import type { InferenceView } from '../api-client.ts';
import { ApiError, clientOf } from '../api-client.ts';
import { chat, ChatError } from './chat.ts';
import type { DayClock } from './clock.ts';
import type { Place } from './day.ts';
import { HOUR_MS } from './day.ts';
import type { Way } from './providers.ts';
import { accountOf, PATIENCE_MS, PROVIDERS } from './providers.ts';
import type { Question } from './traffic.ts';

export type Ending =
  | { readonly type: 'answered'; readonly text: string }
  | { readonly type: 'failed'; readonly reason: string }
  /** It was accepted, and never ended. */
  | { readonly type: 'lost'; readonly reason: string };

export type Ask = (question: Question) => Promise<Ending>;

interface WaysInput {
  readonly simulator: Simulator;
  /** Of Holdfast. */
  readonly serviceUrl: string;
  readonly clock: Pick<DayClock, 'realMs'>;
  readonly signal: AbortSignal;
}

export function waysOf(input: WaysInput): Readonly<Record<Way, Ask>> {
  const { simulator, clock, signal } = input;
  const timeoutMs = clock.realMs(PATIENCE_MS);
  const provider = (way: Way, place: Place) => (prompt: string) =>
    chat({
      baseUrl: simulator.baseUrl(accountOf(way, place), 'openai'),
      model: PROVIDERS[place].model,
      prompt,
      timeoutMs,
      signal,
    });
  const alone = provider('single', 'primary-us');
  const first = provider('try-catch', 'primary-us');
  const second = provider('try-catch', 'secondary');
  return {
    single: ({ prompt }) => endingOf(() => alone(prompt)),
    'try-catch': ({ prompt }) =>
      endingOf(async () => {
        try {
          return await first(prompt);
        } catch (error) {
          if (signal.aborted) throw error;
          return second(prompt);
        }
      }),
    synchronous: synchronousWay(input),
    durable: durableWay(input),
  };
}

async function endingOf(ask: () => Promise<string>): Promise<Ending> {
  try {
    return { type: 'answered', text: await ask() };
  } catch (error) {
    if (error instanceof ChatError) return { type: 'failed', reason: error.message };
    throw error;
  }
}

function synchronousWay({ serviceUrl, clock, signal }: WaysInput): Ask {
  const deadlineMs = Math.round(clock.realMs(PATIENCE_MS));
  return async ({ prompt }) => {
    const askedAtMs = performance.now();
    const ending = await endingOf(() =>
      chat({
        baseUrl: `${serviceUrl}/v1`,
        model: 'synchronous',
        prompt,
        headers: { 'x-holdfast-deadline': `${deadlineMs}ms` },
        // Long enough to hear how it failed …
        timeoutMs: deadlineMs + FAREWELL_MS,
        signal,
      }),
    );
    // … but no answer counts for which the other ways would not have waited.
    const isLate = performance.now() - askedAtMs > deadlineMs;
    return isLate && ending.type === 'answered' ? { type: 'failed', reason: 'late' } : ending;
  };
}

const FAREWELL_MS = 1_500;

/** A client that is as patient with the service as its inferences are with the providers. */
function durableWay({ serviceUrl, clock, signal }: WaysInput): Ask {
  const api = clientOf({ address: () => serviceUrl, apiKey: null, signal });
  const patienceMs = clock.realMs(24 * HOUR_MS) + GRACE_MS;
  return async ({ id, prompt }) => {
    const giveUpAtMs = performance.now() + patienceMs;
    const patiently = async (read: () => Promise<InferenceView>): Promise<InferenceView> => {
      for (;;) {
        try {
          return await read();
        } catch (error) {
          if (!(error instanceof ApiError && error.canPass) || performance.now() > giveUpAtMs) throw error;
          await sleep(AGAIN_MS, undefined, { signal });
        }
      }
    };
    const body = { model: 'durable', messages: [{ role: 'user', content: prompt }] };
    let inference: InferenceView | null = null;
    try {
      // With the key a submission that is sent again joins the first one.
      inference = await patiently(() => api.submit(body, id));
      while (inference.ended_at === null && performance.now() < giveUpAtMs) {
        const { id: inferenceId } = inference;
        inference = await patiently(() => api.wait(inferenceId, { seconds: POLL_SECONDS, signal }));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { type: inference === null ? 'failed' : 'lost', reason: 'unreachable' };
    }
    return endingOfInference(inference);
  };
}

/** After its deadline, an inference whose worker is busy may still end. */
const GRACE_MS = 60_000;
const AGAIN_MS = 200;
const POLL_SECONDS = 30;

function endingOfInference(inference: InferenceView): Ending {
  if (inference.ended_at === null) return { type: 'lost', reason: inference.status };
  if (inference.status !== 'succeeded') return { type: 'failed', reason: inference.error?.code ?? inference.status };
  const { output } = inference;
  const message = output?.object === 'chat.completion' ? output.choices?.[0]?.message : null;
  return { type: 'answered', text: message?.content ?? '' };
}
