// The inferences that wait for a target to recover, found by their tags, and how they are told that it is back.

import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { ParkedInferences } from '../../activities/wake-parked.ts';
import type { wakeSignal } from '../../workflows/messages.ts';
import { withinRoundTrip } from './deadline.ts';
import { quoted, WAITING_FILTERS } from './visibility.ts';

const PAGE = 1_000;

export function createParkedInferences(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
}): ParkedInferences {
  const { connection } = options;
  const client = new Client(options);
  const signal: (typeof wakeSignal)['name'] = 'wake';
  return {
    async *waitingFor(provider) {
      const query = `${WAITING_FILTERS.target} AND HoldfastTags = ${quoted(`waits:${provider}`)}`;
      let page: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query, pageSize: PAGE })) {
        page.push(workflowId);
        if (page.length < PAGE) continue;
        yield page;
        page = [];
      }
      if (page.length > 0) yield page;
    },
    async wake(id, wake) {
      try {
        await withinRoundTrip(connection, () => client.workflow.getHandle(id).signal(signal, wake));
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
  };
}
