// The activity `sendAlert`: posts an alert to the operator's webhook. Temporal repeats it until it has arrived.

import { ApplicationFailure } from '@temporalio/activity';
import type { Dispatcher } from 'undici';
import type { Alert } from '../src/domain/health.ts';
import { postJson } from './post-json.ts';

export async function sendAlert(
  webhook: { readonly url: string | null; readonly connections: Dispatcher },
  alert: Alert,
): Promise<void> {
  const { url, connections } = webhook;
  // The configuration may have changed since the alert was raised.
  if (url === null) return;
  const { type, subject, message, atMs } = alert;
  const body = JSON.stringify({ type, subject, message, at: new Date(atMs).toISOString() });
  const { status } = await postJson({ url, connections, body, limitMs: ANSWER_LIMIT_MS });
  if (status >= 300) {
    throw ApplicationFailure.create({ type: 'webhook-failed', message: `The webhook answered ${status}.` });
  }
}

const ANSWER_LIMIT_MS = 10_000;
