// Heartbeats by the clock: a provider may take long to say anything, and one a line would cost as much as dozens of lines.

import { Context } from '@temporalio/activity';

const EVERY_MS = 5_000;

export async function withHeartbeats<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
