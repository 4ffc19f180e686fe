// Has a client told that its work has ended, by a workflow of its own that outlives the one that ends. Waits until that
// one is there, not until it has told.

import { CancellationScope, log, startChild, uuid4 } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { WebhookData, WebhookType } from '../src/domain/webhook.ts';
import type { webhook } from './webhook.ts';

/**
 * Once for each end of the workflow that calls it: one that is reset ends again, which is told under another message id,
 * and what has not yet been told of the end before it is not told any more. A cancel does not keep it back.
 */
export async function announce(end: {
  readonly type: WebhookType;
  readonly url: string;
  /** `id` is that of the calling workflow. */
  readonly data: WebhookData;
}): Promise<void> {
  const { type, url, data } = end;
  const event = { messageId: `msg_${uuid4().replaceAll('-', '')}`, url, type, atMs: Date.now(), data };
  try {
    await CancellationScope.nonCancellable(() =>
      startChild<typeof webhook>('webhook', {
        workflowId: `${data.id}.webhook`,
        args: [event],
        parentClosePolicy: 'ABANDON',
        workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
        staticSummary: type,
      }),
    );
  } catch (error) {
    // How the work ended does not depend on who was told.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    log.warn('a webhook was not sent: an earlier one of the same id is still under way', { type });
  }
}
