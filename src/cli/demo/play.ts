// The demo's plot, scene by scene: what is submitted and what breaks.

import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../output.ts';
import type { Client } from './client.ts';
import type { Document, Documents } from './documents.ts';
import type { Narrator } from './narrator.ts';
import { CONFIDANT, MODELS, PRIMARY, SECONDARY, TARGETS } from './providers.ts';
import type { Stage } from './stage.ts';
import type { Manner, Submissions } from './submissions.ts';
import { createSubmissions } from './submissions.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface Scene {
  readonly stage: Stage;
  readonly client: Client;
  readonly narrator: Narrator;
  readonly documents: Documents;
  readonly worker: WorkerProcess;
  readonly signal: AbortSignal;
}

export interface Played {
  /** Of every inference that the API accepted. */
  readonly submittedIds: readonly string[];
  readonly replayedIds: readonly string[];
  /** Of the one whose worker was killed. */
  readonly survivorId: string;
}

export async function play(scene: Scene): Promise<Played> {
  const { client, narrator, documents, stage } = scene;
  const [first, second, third, fourth, fifth, sixth, seventh, eighth] = documents;
  const submissions = createSubmissions(client, narrator);

  narrator.heading('All is well');
  await submissions.run([first, second, third]);

  narrator.heading(`The first provider dies: ${PRIMARY} answers every call with an error (HTTP 500)`);
  stage.simulator.inject({ account: PRIMARY, fault: { type: 'error', situation: 'server-error' } });
  await submissions.run([fourth, fifth], stage.localModel?.isServed ? LOCALLY : {});
  await tellCircuit(scene);

  narrator.heading('The worker is killed in the middle of a call');
  const survivorId = await killInMidCall(scene, submissions, sixth);
  let hasSurvived = false;
  const survive = async () => {
    await submissions.ending(sixth, survivorId);
    hasSurvived = true;
  };
  const goOn = async () => {
    await replaceWorker(scene, submissions, seventh);
    const id = await failAndReplay(scene, submissions, eighth);
    if (!hasSurvived)
      narrator.heading(`Document 6 is still out: a worker is given up 15 s after its last sign of life`);
    return id;
  };
  const [replayedId] = await Promise.all([goOn(), survive()]);
  return { submittedIds: submissions.ids, replayedIds: [replayedId], survivorId };
}

/** The worker knows at once, and this process, which makes no calls, when it next reads what all share. */
async function tellCircuit({ client, narrator, signal }: Scene): Promise<void> {
  const giveUpAtMs = performance.now() + SHARED_WITHIN_MS;
  while ((await client.circuit(TARGETS.primary)) !== 'open') {
    if (performance.now() > giveUpAtMs) return;
    await sleep(100, undefined, { signal });
  }
  narrator.event('·', `${PRIMARY} is not asked any more: its circuit has opened, for half a minute at a time`);
}

const SHARED_WITHIN_MS = 5_000;

/** A small model on a processor writes slowly, and does not always know when to stop. */
const LOCALLY: Manner = { model: MODELS.local, maxTokens: 120 };

async function killInMidCall(scene: Scene, submissions: Submissions, document: Document): Promise<string> {
  const { stage, narrator, worker, signal } = scene;
  const { simulator } = stage;
  const sent = JSON.stringify(document.text).slice(1, -1);
  simulator.inject({
    account: SECONDARY,
    matches: ({ body }) => JSON.stringify(body).includes(sent),
    times: 1,
    fault: { type: 'delay', firstTokenMs: 60_000 },
  });
  const id = await submissions.submit(document);
  await until(
    () => simulator.requests.some(({ fault, outcome }) => fault === 'delay' && outcome === 'pending'),
    signal,
  );
  await worker.kill();
  narrator.event(
    '✗',
    `kill -9 ${worker.pid}: ${SECONDARY} was at work on document 6; nobody can know whether it bills`,
  );
  return id;
}

async function replaceWorker(scene: Scene, submissions: Submissions, document: Document): Promise<void> {
  const { stage, narrator } = scene;
  const id = await submissions.submit(document);
  narrator.event('·', 'there is no worker now: documents 6 and 7 wait in Temporal');
  const { pid } = await stage.startWorker();
  narrator.event('·', `a new worker has started (process ${pid})`);
  await submissions.ending(document, id);
}

async function failAndReplay(scene: Scene, submissions: Submissions, document: Document): Promise<string> {
  const { stage, narrator, client } = scene;
  narrator.heading(`An inference fails for good: document 8 is for ${CONFIDANT} only, which refuses the key`);
  const repair = stage.simulator.inject({ account: CONFIDANT, fault: { type: 'error', situation: 'auth' } });
  const id = await submissions.submit(document, { model: MODELS.single });
  await submissions.ending(document, id);
  repair();
  await client.replay(id);
  narrator.event('·', `the key is valid again, and an operator replays it (npx holdfast replay ${id})`);
  await submissions.ending(document, id);
  return id;
}

async function until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
  const giveUpAtMs = performance.now() + UNTIL_LIMIT_MS;
  while (!isTrue()) {
    if (performance.now() > giveUpAtMs) throw new CommandError('The demo got stuck: no call reached the provider.');
    await sleep(20, undefined, { signal });
  }
}

const UNTIL_LIMIT_MS = 60_000;
