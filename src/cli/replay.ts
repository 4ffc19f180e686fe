// `holdfast replay`: runs a failed or cancelled inference again.

import { connect } from './api-client.ts';
import { follow } from './follow.ts';
import { printInference, printJson, printLine } from './output.ts';

export async function replay(id: string, options: { readonly wait: boolean; readonly json: boolean }): Promise<void> {
  const client = connect();
  const inference = await client.replay(id);
  if (options.wait) {
    printInference(await follow(client, inference, options), options);
    return;
  }
  if (options.json) printJson(inference);
  else printLine(`${id} runs again. To wait for it: npx holdfast get ${id} --wait`);
}
