// The demo's plot, scene by scene: what is submitted, what breaks and what becomes of it. Every line that it tells is
// read from the API, never assumed.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CallView, InferenceView } from '../api-client.ts';
import { CommandError } from '../output.ts';
import type { Client } from './client.ts';
import type { Document } from './documents.ts';
import type { Narrator } from './narrator.ts';
import { CONFIDANT, MODELS, PRIMARY, SECONDARY } from './providers.ts';
import type { Stage } from './stage.ts';
import { answerOf, endOf } from './tally.ts';
import type { WorkerProcess } from './worker-process.ts';

export const DOCUMENT_COUNT = 8;

export interface Play {
  /** Of every inference that the API accepted. */
  readonly submittedIds: readonly string[];
  readonly replayedIds: readonly string[];
  /** Of the one whose worker was killed. */
  readonly survivorId: string;
}

export async function play(input: {
  readonly stage: Stage;
  readonly client: Client;
  readonly narrator: Narrator;
  readonly documents: readonly Document[];
  readonly worker: WorkerProcess;
  readonly hasLocalModel: boolean;
  readonly signal: AbortSignal;
}): Promise<Play> {
  const { stage, client, narrator, documents, worker, hasLocalModel, signal } = input;
  const { simulator } = stage;
  const submittedIds: string[] = [];
  const document = (number: number) => documents[number - 1] as Document;

  const submit = async (number: number, how: Submission = {}): Promise<string> => {
    const { id } = await client.submit(requestBody(document(number), how));
    submittedIds.push(id);
    narrator.event('→', `${label(document(number))} submitted as ${id}`);
    return id;
  };
  const ending = async (number: number, id: string): Promise<InferenceView> => {
    const inference = await client.ended(id);
    const isAnswered = answerOf(inference) !== null;
    narrator.event(isAnswered ? '✓' : '✗', `${label(document(number))} ${endingText(inference)}`);
    return inference;
  };
  const run = async (numbers: readonly number[], how: Submission = {}): Promise<void> => {
    const ids: string[] = [];
    for (const number of numbers) ids.push(await submit(number, how));
    await Promise.all(numbers.map((number, index) => ending(number, ids[index] as string)));
  };

  narrator.heading('All is well');
  await run([1, 2, 3]);

  narrator.heading(`The first provider dies: ${PRIMARY} answers every call with an error (HTTP 500)`);
  simulator.inject({ account: PRIMARY, fault: { type: 'error', situation: 'server-error' } });
  await run([4, 5], hasLocalModel ? LOCALLY : {});

  narrator.heading('The worker is killed in the middle of a call');
  const slow = document(6);
  simulator.inject({
    account: SECONDARY,
    matches: ({ body }) => JSON.stringify(body).includes(JSON.stringify(slow.text).slice(1, -1)),
    times: 1,
    fault: { type: 'delay', firstTokenMs: 60_000 },
  });
  const survivorId = await submit(6);
  await until(
    () => simulator.requests.some(({ fault, outcome }) => fault === 'delay' && outcome === 'pending'),
    signal,
  );
  narrator.event('·', `${SECONDARY} is thinking about document 6 …`);
  await worker.kill();
  narrator.event(
    '✗',
    `kill -9 ${worker.pid}: the worker is gone, and nobody knows whether ${SECONDARY} will bill the call`,
  );
  const waitingId = await submit(7);
  narrator.event('·', 'document 7 is accepted all the same: it waits in Temporal for a worker');
  let hasSurvived = false;
  const survivor = ending(6, survivorId).then(() => (hasSurvived = true));
  const { pid } = await stage.startWorker();
  narrator.event('·', `a new worker has started: process ${pid}`);
  await ending(7, waitingId);

  narrator.heading(`One inference fails for good: document 8 is confidential, only ${CONFIDANT} may read it`);
  const repair = simulator.inject({ account: CONFIDANT, fault: { type: 'error', situation: 'auth' } });
  const failedId = await submit(8, { model: MODELS.single });
  await ending(8, failedId);
  repair();
  narrator.event(
    '·',
    `an operator gives ${CONFIDANT} a valid key and asks for a replay: POST /v1/inferences/{id}/replay`,
  );
  await client.replay(failedId);
  await ending(8, failedId);

  if (!hasSurvived) {
    narrator.heading('Document 6 is still missing: Temporal gives a worker up 15 s after its last sign of life');
    narrator.event('·', 'waiting …');
  }
  await survivor;
  return { submittedIds, replayedIds: [failedId], survivorId };
}

interface Submission {
  readonly model?: string;
  readonly maxTokens?: number;
  readonly maxCharacters?: number;
}

/** A small model on a processor: little to read, little to write. */
const LOCALLY: Submission = { model: MODELS.local, maxTokens: 120, maxCharacters: 2_000 };

function requestBody(document: Document, how: Submission): Readonly<Record<string, unknown>> {
  const { model = MODELS.chain, maxTokens, maxCharacters = Number.POSITIVE_INFINITY } = how;
  const content = `Summarize this document in three bullet points.\n\n${document.text.slice(0, maxCharacters)}`;
  return {
    model,
    messages: [{ role: 'user', content }],
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    metadata: { document: document.name },
  };
}

function label({ number, name }: Document): string {
  return `${number} ${name}`;
}

function endingText(inference: InferenceView): string {
  const before = inference.calls.filter((call) => call.outcome !== 'succeeded');
  const trail = [...new Set(before.map(trailStep))].map((step) => {
    const times = before.filter((call) => trailStep(call) === step).length;
    return times === 1 ? step : `${step} ${times}×`;
  });
  if (answerOf(inference) === null) return `${inference.status}: ${trail.join(', ') || 'no call was made'}`;
  return `answered by ${inference.target}${trail.length > 0 ? `, after ${trail.join(', ')}` : ''}`;
}

function trailStep(call: CallView): string {
  return `${call.target} ${endOf(call)}${call.possibly_billed ? ' (possibly billed)' : ''}`;
}

async function until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
  const giveUpAtMs = performance.now() + UNTIL_LIMIT_MS;
  while (!isTrue()) {
    if (performance.now() > giveUpAtMs) throw new CommandError('The demo got stuck: no call reached the provider.');
    await sleep(20, undefined, { signal });
  }
}

const UNTIL_LIMIT_MS = 60_000;
