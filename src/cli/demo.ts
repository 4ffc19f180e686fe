// `holdfast demo`: real documents through a failover chain while things break, told to somebody who has never heard of
// any of it, and counted at the end. Fails when an inference was lost.

import { join } from 'node:path';
import { createClient } from './demo/client.ts';
import type { Closing } from './demo/closing.ts';
import { sampleOf, startCommand, tellClosing } from './demo/closing.ts';
import { readDocuments } from './demo/documents.ts';
import type { Interruption } from './demo/interruption.ts';
import { watchForInterruption } from './demo/interruption.ts';
import type { Narrator } from './demo/narrator.ts';
import { createNarrator, silentNarrator } from './demo/narrator.ts';
import type { Scene } from './demo/play.ts';
import { play } from './demo/play.ts';
import { CONFIDANT, PRIMARY, SECONDARY, TARGETS } from './demo/providers.ts';
import { openStage } from './demo/stage.ts';
import { tallyOf } from './demo/tally.ts';
import { runOutage, tellBriefly } from './outage.ts';
import { reportJson } from './outage/report.ts';
import { CommandError, printJson } from './output.ts';

export async function demo(options: { readonly localModel: boolean; readonly json: boolean }): Promise<void> {
  const narrator = options.json ? silentNarrator : createNarrator();
  const startedAtMs = performance.now();
  const documents = readDocuments();
  tellOpening(narrator);

  narrator.heading('Starting');
  const report = (line: string) => narrator.event('·', line);
  const stage = await openStage({ wantsLocalModel: options.localModel, report });
  const interruption = watchForInterruption();
  try {
    const performed = perform({ stage, narrator, documents }, interruption);
    const closing = await Promise.race([performed, interruption.interrupted]);
    if (options.json) printJson(numbers(closing, startedAtMs));
    else tellClosing(narrator, closing);
    const { lost, asked } = closing.tally;
    if (lost.length > 0) throw new CommandError(`${lost.length} of ${asked} inferences were lost: ${lost.join(', ')}`);
  } finally {
    interruption.end();
    await stage.close();
  }
}

async function perform(
  scene: Pick<Scene, 'stage' | 'narrator' | 'documents'>,
  { signal }: Interruption,
): Promise<Closing> {
  const { stage, narrator } = scene;
  narrator.event('·', 'Temporal runs: it records every step on disk, so that any process may die');
  narrator.event('·', `the API runs: it takes requests at ${stage.url} and hands them to Temporal`);
  const worker = await stage.startWorker();
  narrator.event('·', `a worker runs: it calls the providers, in a process of its own (${worker.pid})`);
  const client = createClient(stage.url, signal);
  await client.restoreAll();
  const { submittedIds, replayedIds, survivorId } = await play({ ...scene, client, worker, signal });
  const inferences = await Promise.all(submittedIds.map((id) => client.get(id)));
  narrator.heading('What it is worth');
  const outage = await runOutage({ ...SHORT_DAY, out: join(stage.dataDir, 'outage'), narrator, signal });
  tellBriefly(narrator, outage);
  return {
    outage,
    tally: tallyOf(submittedIds, inferences),
    replayed: replayedIds.length,
    survivor: await client.get(survivorId),
    local: inferences.find(({ target }) => target === TARGETS.local) ?? null,
    stage,
  };
}

/** As `npm run outage -- --short`. */
const SHORT_DAY = { seed: 1, speed: 40, short: true } as const;

function tellOpening(narrator: Narrator): void {
  narrator.say(
    'Holdfast makes the answers of language models dependable. Here it has eight documents summarised, while a provider',
    'dies, the process that calls the providers is killed, and a key is refused. No document may be lost on the way.',
    `Simulated: the providers ${PRIMARY}, ${SECONDARY} and ${CONFIDANT}, servers on this machine that speak as`,
    'OpenAI, Anthropic and Google do and answer with sentences of the document. All else is real. It takes half a minute,',
    'and then plays a day of outages in fast motion, for another minute.',
  );
}

function numbers(closing: Closing, startedAtMs: number): object {
  const { stage, survivor, replayed } = closing;
  const { asked, answered, lost, possiblyBilled, targets } = closing.tally;
  const { localModel } = stage;
  return {
    asked,
    answered,
    lost: lost.length,
    replayed,
    possibly_billed: possiblyBilled,
    targets,
    outage: reportJson(closing.outage),
    local_model: localModel && { is_served: localModel.isServed, unavailable: localModel.unavailable },
    duration_ms: Math.round(performance.now() - startedAtMs),
    sample: { inference_id: survivor.id, lines: sampleOf(survivor), ui_url: survivor.temporal.ui_url },
    start_command: startCommand(stage),
  };
}
