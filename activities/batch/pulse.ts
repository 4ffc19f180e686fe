// Heartbeats of an activity that goes through many lines: each costs as much as dozens of them.

import { Context } from '@temporalio/activity';

const EVERY_MS = 5_000;

/** To be called again and again while there is progress; passes on no more than a heartbeat every few seconds. */
export function createPulse(): (details?: unknown) => void {
  const context = Context.current();
  let nextMs = 0;
  return (details) => {
    const nowMs = Date.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + EVERY_MS;
    context.heartbeat(details);
  };
}
