// The activity `sendWebhook`: one attempt at telling a client that its work has ended, signed as Standard Webhooks has it
// (https://www.standardwebhooks.com). Temporal makes the next attempt; when, is said here only where the receiver says it.

import { ApplicationFailure, Context } from '@temporalio/activity';
import { Webhook } from 'standardwebhooks';
import type { Dispatcher } from 'undici';
import type { WebhookEvent, WebhookSettings } from '../../src/domain/webhook.ts';
import { WEBHOOK_RETRY } from '../../src/domain/webhook.ts';
import type { PostAnswer } from '../post-json.ts';
import { postJson } from '../post-json.ts';
import { retryHint } from '../providers/errors/retry-hint.ts';
import { PrivateAddressError } from './connections.ts';
import { webhookUrlFault } from './url-fault.ts';

/** How an attempt ended: `failed` is tried again, `gone` and `refused` are not. */
export type WebhookOutcome = 'delivered' | 'failed' | 'gone' | 'refused';

export interface SendWebhookDeps {
  readonly settings: WebhookSettings;
  readonly connections: Dispatcher;
  readonly onAttempt: (outcome: WebhookOutcome) => void;
}

export async function sendWebhook(deps: SendWebhookDeps, event: WebhookEvent): Promise<void> {
  const failure = await attempt(deps, event);
  deps.onAttempt(failure?.outcome ?? 'delivered');
  if (!failure) return;
  const { outcome, message, cause, retryAfterMs = null } = failure;
  throw ApplicationFailure.create({
    type: `webhook-${outcome}`,
    message,
    nonRetryable: outcome !== 'failed',
    ...(cause && { cause }),
    ...(retryAfterMs !== null && { nextRetryDelay: retryDelayMs(retryAfterMs, Context.current().info.attempt) }),
  });
}

interface Failure {
  readonly outcome: Exclude<WebhookOutcome, 'delivered'>;
  readonly message: string;
  readonly cause?: Error;
  /** What the receiver asks for. */
  readonly retryAfterMs?: number | null;
}

/** Null: it has arrived. */
async function attempt(
  { settings, connections }: SendWebhookDeps,
  { messageId, url, type, atMs, data }: WebhookEvent,
): Promise<Failure | null> {
  const { secret } = settings;
  // The configuration may have changed since the webhook was asked for, and may change back.
  if (secret === null) return { outcome: 'failed', message: 'There is no webhooks.secret to sign with.' };
  const fault = webhookUrlFault(url, settings);
  if (fault !== null) return { outcome: 'refused', message: `The address of the webhook ${fault}.` };
  const body = JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
  const now = new Date();
  const headers = {
    'webhook-id': messageId,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(messageId, now, body),
  };
  try {
    return failureOf(await postJson({ url, connections, body, headers, limitMs: ANSWER_LIMIT_MS }), now.getTime());
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof PrivateAddressError) return { outcome: 'refused', message: error.message, cause: error };
    const message = `The webhook's receiver has not answered within ${ANSWER_LIMIT_MS / 1000} s, or can't be reached.`;
    return { outcome: 'failed', message, cause: error };
  }
}

function failureOf({ status, headers }: PostAnswer, nowMs: number): Failure | null {
  if (status >= 200 && status < 300) return null;
  const message = `The webhook's receiver answered ${status}.`;
  if (status === 410) return { outcome: 'gone', message };
  return { outcome: 'failed', message, retryAfterMs: retryHint(headers, nowMs) };
}

/** A receiver may ask for more time than it would get, not for less: `Retry-After: 0` would be a storm. */
function retryDelayMs(askedMs: number, attempts: number): number {
  const { initialMs, maximumMs } = WEBHOOK_RETRY;
  const ownMs = Math.min(initialMs * 2 ** (attempts - 1), maximumMs);
  return Math.max(ownMs, Math.min(askedMs, MAX_ASKED_MS));
}

const ANSWER_LIMIT_MS = 15_000;
const MAX_ASKED_MS = 24 * 60 * 60_000;
