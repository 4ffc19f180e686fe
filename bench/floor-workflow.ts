// The workflows of the floor: the activities of each strategy, started at once, and nothing else.

import { ActivityCancellationType, CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { FloorActivities, FloorAnswer, FloorRequest } from './floor-activity.ts';
import { MODELS } from './floor-models.ts';

const { askProvider, tellStart } = proxyActivities<FloorActivities>({
  startToCloseTimeout: '1 minute',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

type Messages = Pick<FloorRequest, 'messages'>;

/** One call. */
export async function failover({ messages }: Messages): Promise<readonly FloorAnswer[]> {
  return [await askProvider({ model: MODELS[0], messages })];
}

/** No call: what is measured is the time until its activity starts. */
export async function streams(): Promise<void> {
  await tellStart();
}

/** Three calls, and whoever asked may see what they agree on. */
export function consensus({ messages }: Messages): Promise<readonly FloorAnswer[]> {
  return Promise.all(MODELS.map((model) => askProvider({ model, messages })));
}

/** Two calls: the first answer wins, and the other call is cancelled. */
export async function hedge({ messages }: Messages): Promise<readonly FloorAnswer[]> {
  const scope = new CancellationScope();
  const calls = await scope.run(async () => MODELS.slice(0, 2).map((model) => askProvider({ model, messages })));
  const won = await Promise.any(calls);
  scope.cancel();
  // Nobody waits for the call that lost, and its cancellation must not pass for a failure of the workflow.
  for (const call of calls) {
    call.catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  }
  return [won];
}
