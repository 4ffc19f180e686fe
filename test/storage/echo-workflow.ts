// A workflow that hands its argument to an activity, and the activity's result back, untouched.

import { proxyActivities } from '@temporalio/workflow';
import type { EchoActivities } from './payloads.test.ts';

const { echo } = proxyActivities<EchoActivities>({ startToCloseTimeout: '20s', retry: { maximumAttempts: 1 } });

export async function echoTwice(document: string): Promise<string> {
  await echo(document);
  return echo(document);
}
