import { workflowInfo, continueAsNew, sleep } from '@temporalio/workflow';
export async function info(n: number): Promise<any> {
  const i = workflowInfo();
  const first = { now: new Date().toISOString(), start: i.startTime.toISOString(), runStart: i.runStartTime.toISOString(), run: i.runId.slice(0, 6), orig: i.originalExecutionRunId.slice(0, 6), firstRun: i.firstExecutionRunId.slice(0, 6), cont: i.continuedFromExecutionRunId?.slice(0, 6) };
  await sleep(1500);
  if (n > 0) return continueAsNew<typeof info>(n - 1);
  return first;
}
