// The activity `sendAlert`: posts an alert to the operator's webhook. Temporal repeats it until it has arrived.

import { ApplicationFailure } from '@temporalio/activity';
import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { Alert } from '../src/domain/health.ts';

export async function sendAlert(
  webhook: { readonly url: string | null; readonly connections: Dispatcher },
  alert: Alert,
): Promise<void> {
  const { url, connections } = webhook;
  // The configuration may have changed since the alert was raised.
  if (url === null) return;
  const { type, subject, message, atMs } = alert;
  const { statusCode, body } = await request(url, {
    dispatcher: connections,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type, subject, message, at: new Date(atMs).toISOString() }),
    headersTimeout: ANSWER_LIMIT_MS,
    bodyTimeout: ANSWER_LIMIT_MS,
  });
  await body.dump();
  if (statusCode >= 300) {
    throw ApplicationFailure.create({ type: 'webhook-failed', message: `The webhook answered ${statusCode}.` });
  }
}

const ANSWER_LIMIT_MS = 10_000;
