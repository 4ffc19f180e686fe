// `holdfast resolve`: decides a vote that is held for a person.

import { connect } from './api-client.ts';
import { CommandError, printInference, printJson, printLine } from './output.ts';

export interface ResolveOptions {
  readonly vote?: number;
  readonly answer?: string;
  readonly reason: string;
  readonly json: boolean;
}

export async function resolve(id: string, options: ResolveOptions): Promise<void> {
  const { vote, answer, reason, json } = options;
  if ((vote === undefined) === (answer === undefined)) {
    throw new CommandError('Give either --vote, with the number of a vote, or --answer, with an answer of your own.');
  }
  const inference = await connect().resolve(id, {
    reason,
    ...(vote !== undefined && { vote }),
    ...(answer !== undefined && { answer }),
  });
  if (inference.status === 'waiting') {
    const given = inference.verdict?.approvals?.length ?? 0;
    if (json) printJson(inference);
    else printLine(`Noted. ${id} waits for another key that decides alike; ${given} decided so far.`);
    return;
  }
  printInference(inference, { json });
}
