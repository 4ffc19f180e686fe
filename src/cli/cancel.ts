// `holdfast cancel`: asks for the cancellation of a running inference.

import { connect } from './api-client.ts';
import { printJson, printLine } from './output.ts';

export async function cancel(id: string, options: { readonly json: boolean }): Promise<void> {
  const inference = await connect().cancel(id);
  if (options.json) {
    printJson(inference);
    return;
  }
  const { status } = inference;
  const isOver = status === 'succeeded' || status === 'failed';
  if (isOver) printLine(`${id} had already ${status}.`);
  else printLine(status === 'cancelled' ? `${id} is cancelled.` : `${id} is being cancelled.`);
}
