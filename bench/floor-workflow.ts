// The workflow of the floor: one activity, nothing else.

import { proxyActivities } from '@temporalio/workflow';
import type { FloorActivities, FloorAnswer, FloorRequest } from './floor-activity.ts';

const { askProvider } = proxyActivities<FloorActivities>({ startToCloseTimeout: '1 minute' });

export function floor(request: FloorRequest): Promise<FloorAnswer> {
  return askProvider(request);
}
