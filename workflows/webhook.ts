// Workflow Type `webhook`: tells a client that its work has ended, for as long as it takes. One that failed for good can be
// reset in Temporal's web UI, and is sent under the same id again.

import { proxyActivities } from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type { WebhookEvent } from '../src/domain/webhook.ts';
import { WEBHOOK_RETRY } from '../src/domain/webhook.ts';

export async function webhook(event: WebhookEvent): Promise<void> {
  const { sendWebhook } = proxyActivities<ReturnType<typeof createActivities>>({
    startToCloseTimeout: ATTEMPT_MS,
    scheduleToCloseTimeout: WEBHOOK_RETRY.forMs,
    retry: { initialInterval: WEBHOOK_RETRY.initialMs, maximumInterval: WEBHOOK_RETRY.maximumMs },
    summary: event.type,
  });
  await sendWebhook(event);
}

/** More than an attempt may take: only a worker that was lost takes so long. */
const ATTEMPT_MS = 20_000;
