// `holdfast batch watch` and `holdfast batch cancel`.

import { connect } from './api-client.ts';
import { createBatchView, silentBatchView } from './batch-view.ts';
import { endAnalysis, followAnalysis } from './follow-analysis.ts';
import { printJson, printLine } from './output.ts';

export async function batchWatch(
  id: string,
  options: { readonly out?: string; readonly csv: boolean; readonly json: boolean },
): Promise<void> {
  const { out, csv, json } = options;
  const client = connect();
  const found = await client.getAnalysis(id);
  const view = json ? silentBatchView : createBatchView();
  const ended = await followAnalysis(client, found, view);
  await endAnalysis(client, ended, { out, csv, json });
}

export async function batchCancel(id: string, { json }: { readonly json: boolean }): Promise<void> {
  const analysis = await connect().cancelAnalysis(id);
  if (json) printJson(analysis);
  else printLine(`${id} ${analysis.status}`);
}
