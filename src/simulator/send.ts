// Carries out a plan on a response. Decides nothing but when the client is gone, and then stops.

import type { ServerResponse } from 'node:http';
import type { Plan } from './plan.ts';

/** `onSent` is called just before the last of it goes out: what the client sees after it has been settled. */
export async function send(input: {
  readonly plan: Plan;
  readonly response: ServerResponse;
  readonly gone: AbortSignal;
  readonly onSent: () => void;
}): Promise<void> {
  const { plan, response, gone, onSent } = input;
  await pause(plan.headersDelayMs, gone);
  if (gone.aborted) return;
  if (plan.ending === 'reset') {
    onSent();
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(plan.status, plan.headers);
  if (plan.headersFirst) response.flushHeaders();
  for (const chunk of plan.opening) response.write(chunk);
  await sendTokens(input);
  if (gone.aborted) return;
  if (plan.ending === 'stall') {
    await silence({ ...input, ms: Infinity });
    return;
  }
  onSent();
  for (const chunk of plan.closing) response.write(chunk);
  if (plan.ending === 'end') response.end();
  // What was written still arrives; a plain `destroy` would lose it.
  else response.socket?.destroySoon();
}

type Sending = Parameters<typeof send>[0];

async function sendTokens(input: Sending): Promise<void> {
  const { plan, response, gone } = input;
  let waitMs = plan.firstTokenDelayMs;
  for (const token of plan.tokens) {
    if (waitMs > 0) await silence({ ...input, ms: waitMs });
    if (gone.aborted) return;
    response.write(token);
    waitMs = plan.tokenDelayMs;
  }
  // Nothing to say is said as late as something, and a stall before the first token still shows its headers.
  if (plan.tokens.length === 0 && plan.headersFirst) await silence({ ...input, ms: plan.firstTokenDelayMs });
}

/** Waits, with keep-alives where they are planned. */
async function silence({ plan, response, gone, ms }: Sending & { readonly ms: number }): Promise<void> {
  const { everyMs, text } = plan.keepAlive ?? { everyMs: Infinity, text: '' };
  let leftMs = ms;
  while (leftMs > everyMs) {
    await pause(everyMs, gone);
    if (gone.aborted) return;
    response.write(text);
    leftMs -= everyMs;
  }
  await pause(leftMs, gone);
}

/** Ends early when the signal does. */
function pause(ms: number, gone: AbortSignal): Promise<void> {
  if (ms <= 0 || gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(end, Math.min(ms, LONGEST_TIMER_MS));
    gone.addEventListener('abort', end);
    function end() {
      clearTimeout(timer);
      gone.removeEventListener('abort', end);
      resolve();
    }
  });
}

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
