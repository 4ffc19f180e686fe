// Waits until an inference has ended, showing its calls meanwhile. The inference belongs to the service: whatever
// happens to this process, it goes on, so a lost connection is waited out and Ctrl-C only stops the watching.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, InferenceView } from './api-client.ts';
import { ApiError } from './api-client.ts';
import { createLiveView, silentView } from './live-view.ts';
import type { LiveView } from './live-view.ts';
import { CommandError } from './output.ts';

export async function follow(
  client: ApiClient,
  inference: InferenceView,
  options: { readonly json: boolean },
): Promise<InferenceView> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  // Not `once`: the spinner's library ends the process at a signal for which it finds no other listener.
  process.on('SIGINT', onInterrupt);
  const view = options.json ? silentView : createLiveView();
  try {
    return await untilEnded({ client, inference, view, signal: interrupt.signal });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new CommandError(
      `Stopped waiting; the inference goes on. To get it: npx holdfast get ${inference.id} --wait; to stop it: npx holdfast cancel ${inference.id}`,
      { exitCode: 130, cause: error },
    );
  } finally {
    view.stop();
    process.off('SIGINT', onInterrupt);
  }
}

async function untilEnded(input: {
  readonly client: ApiClient;
  readonly inference: InferenceView;
  readonly view: LiveView;
  readonly signal: AbortSignal;
}): Promise<InferenceView> {
  const { client, view, signal } = input;
  const { id } = input.inference;
  let inference = input.inference;
  let lostAtMs: number | null = null;
  let isHeld = false;
  for (;;) {
    view.show(inference);
    if (hasEnded(inference)) return inference;
    if (inference.waiting_for === 'resolution' && !isHeld) {
      view.note(`The votes are split and wait for a person: npx holdfast get ${id} shows them.`);
    }
    isHeld = inference.waiting_for === 'resolution';
    const startedAtMs = performance.now();
    try {
      inference = await client.wait(id, { seconds: POLL_SECONDS, signal });
      if (lostAtMs !== null) view.note('The service is back.');
      lostAtMs = null;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.canPass) throw error;
      if (lostAtMs === null) view.note(`${error.message} The inference is kept; trying again.`);
      lostAtMs ??= startedAtMs;
      if (performance.now() - lostAtMs > PATIENCE_MS) {
        throw new CommandError(`${error.message} Later: npx holdfast get ${id} --wait`, { cause: error });
      }
    }
    // A service with too many waiting clients answers at once, as one that is away fails at once.
    const restMs = PACE_MS - (performance.now() - startedAtMs);
    if (restMs > 0 && !hasEnded(inference)) await sleep(restMs, undefined, { signal });
  }
}

function hasEnded(inference: InferenceView): boolean {
  return inference.status !== 'running' && inference.status !== 'waiting';
}

/** The poll is answered when the inference ends; calls that end before are seen once a poll. */
const POLL_SECONDS = 2;
const PACE_MS = 1_000;
/** Long enough for a service to be restarted or replaced. */
const PATIENCE_MS = 120_000;
