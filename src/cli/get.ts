// `holdfast get`: prints the answer of an inference, or how far it is.

import { connect } from './api-client.ts';
import { follow } from './follow.ts';
import { callLine, printInference, printNote } from './output.ts';

export async function get(id: string, options: { readonly wait: boolean; readonly json: boolean }): Promise<void> {
  const client = connect();
  const inference = await client.get(id);
  if (options.wait) {
    printInference(await follow(client, inference, options), options);
    return;
  }
  if (!options.json) for (const call of inference.calls) printNote(callLine(call));
  printInference(inference, options);
}
