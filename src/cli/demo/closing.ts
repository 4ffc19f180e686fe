// What the demo says at its end: the table, a sample, and how to look at what is left of it.

import { relative } from 'node:path';
import type { InferenceView } from '../api-client.ts';
import { oneLine, table } from '../output.ts';
import type { Report } from '../outage/report.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';
import type { Tally } from './tally.ts';
import { answerOf } from './tally.ts';

export interface Closing {
  readonly tally: Tally;
  readonly replayed: number;
  /** The inference whose worker was killed. */
  readonly survivor: InferenceView;
  /** One that the local model answered, or null. */
  readonly local: InferenceView | null;
  readonly stage: Stage;
  /** Of the outage day in its short form. */
  readonly outage: Report;
}

export function tellClosing(narrator: Narrator, { tally, replayed, survivor, local, stage }: Closing): void {
  const { asked, answered, lost, possiblyBilled, targets } = tally;
  narrator.heading('What it came to');
  narrator.say(
    table([
      ['ASKED', 'ANSWERED', 'LOST', 'REPLAYED', 'POSSIBLY BILLED'],
      [asked, answered, lost.length, replayed, possiblyBilled].map(String),
    ]),
    'Possibly billed are calls that were cut off: whether the provider charges for them, nobody can know.',
    '',
    table([
      ['TARGET', 'CALLS', 'OUTCOMES'],
      ...targets.map(({ target, calls, outcomes }) => [target, String(calls), outcomesText(outcomes)]),
    ]),
  );
  narrator.heading('The answer for document 6, whose worker was killed, begins:');
  tellSample(narrator, survivor);
  if (local) {
    narrator.heading(`What ${local.target} made of ${local.metadata['document']} begins:`);
    tellSample(narrator, local);
  }
  narrator.heading("Every step is on record. To see document 6's in Temporal's web UI:");
  narrator.say(
    `  ${startCommand(stage)}`,
    `  then open ${survivor.temporal.ui_url ?? ''}`,
    '',
    'To go on: `npm start` runs the service with your own providers or simulated ones, and README.md shows how to use it.',
  );
}

function tellSample(narrator: Narrator, inference: InferenceView): void {
  narrator.say(...sampleOf(inference).map((line) => `  ${line}`));
}

/** The first two lines. */
export function sampleOf(inference: InferenceView): readonly string[] {
  const lines = (answerOf(inference) ?? '').split('\n').map(oneLine);
  return lines
    .filter((line) => line !== '')
    .slice(0, 2)
    .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH - 2)} …` : line));
}

const LINE_LENGTH = 110;

/** Starts the service on the demo's data, its web UI where the link leads. */
export function startCommand({ dataDir, uiPorts }: Stage): string {
  const path = relative('', dataDir);
  const shown = path.startsWith('..') ? dataDir : path;
  const port = uiPorts.here === uiPorts.usual ? '' : ` HOLDFAST_TEMPORAL_UI_PORT=${uiPorts.here}`;
  return `HOLDFAST_DATA_DIR=${quoted(shown)}${port} npm start`;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function outcomesText(outcomes: Readonly<Record<string, number>>): string {
  return Object.entries(outcomes)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}
