// The scenario `rescue`: what of a provider's limit the lines of a batch use that are asked in the ordinary way, and
// whether any minute sees more than the limit. The limits are parts of what this machine can do.

import { setTimeout } from 'node:timers/promises';
import { startHoldfast } from './holdfast.ts';
import { load } from './load.ts';
import { fullestMinute, steadyUse } from './rescue-figures.ts';
import type { ScenarioOptions, ScenarioReport } from './scenario.ts';
import { compiled } from './sides.ts';
import type { Stage } from './stage.ts';

const MODEL = 'rescued';
const RATE_CLIENTS = 32;
const ENDPOINT = '/v1/chat/completions';
const LOOK_EVERY_MS = 1_000;
/** Fillings of the limit; the first one finds it untouched, and is not counted. */
const MINUTES = 3;

interface Level {
  readonly part: number;
  readonly requestsPerMinute: number;
  readonly used: number;
  readonly fullest: number;
}

export async function measureRescue(stage: Stage, options: ScenarioOptions): Promise<ScenarioReport> {
  options.note('rescue: the rate of this machine');
  const perSecond = await workflowRate(stage, options);
  const levels: Level[] = [];
  for (const part of options.quick ? [0.5] : [0.5, 0.25]) {
    const requestsPerMinute = Math.floor(perSecond * 60 * part);
    options.note(`rescue: at ${requestsPerMinute} requests a minute`);
    levels.push({ part, requestsPerMinute, ...(await measureLevel(stage, requestsPerMinute)) });
  }
  return {
    name: 'rescue',
    sections: sectionsOf(perSecond, levels),
    figures: { workflowsPerSecond: perSecond, levels },
  };
}

async function workflowRate(stage: Stage, { quick }: ScenarioOptions): Promise<number> {
  const { holdfast, provider } = await start(stage, { isAtOnce: true });
  const run = { url: holdfast.url, model: MODEL, concurrency: RATE_CLIENTS };
  await load({ ...run, durationMs: 5_000 });
  const { latenciesMs, elapsedMs } = await load({ ...run, durationMs: quick ? 5_000 : 15_000 });
  await Promise.all([holdfast.stop(), provider.stop()]);
  return (latenciesMs.length * 1_000) / elapsedMs;
}

async function measureLevel(stage: Stage, requestsPerMinute: number) {
  const { holdfast, provider } = await start(stage, { requestsPerMinute });
  await runBatch(holdfast.url, (MINUTES + 1) * requestsPerMinute);
  const arrivals = (await json(`${provider.url}/arrivals`)) as readonly number[];
  await Promise.all([holdfast.stop(), provider.stop()]);
  return {
    used: steadyUse(arrivals, { minutes: MINUTES, requestsPerMinute }),
    fullest: fullestMinute(arrivals) / requestsPerMinute,
  };
}

async function start(stage: Stage, limit: { readonly isAtOnce?: true; readonly requestsPerMinute?: number }) {
  const { isAtOnce = false, requestsPerMinute } = limit;
  const provider = await stage.start({ script: compiled('rescue-provider.js') });
  const entry = { type: 'openai', apiKey: 'bench', baseUrl: `${provider.url}/${isAtOnce ? 'at-once' : 'paced'}/v1` };
  const limits = requestsPerMinute === undefined ? {} : { limits: { requestsPerMinute } };
  const holdfast = await startHoldfast(stage, {
    config: {
      providers: { lane: entry, limited: { ...entry, ...limits } },
      models: { [MODEL]: { targets: ['limited/model-a'], batch: { targets: ['lane/model-a'] } } },
    },
  });
  return { holdfast, provider };
}

async function runBatch(url: string, lines: number): Promise<void> {
  const form = new FormData();
  form.append('purpose', 'batch');
  form.append('file', new Blob([Array.from({ length: lines }, (_, line) => lineOf(line)).join('\n')]), 'lines.jsonl');
  const file = (await json(`${url}/v1/files`, { method: 'POST', body: form })) as { readonly id: string };
  const created = (await json(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input_file_id: file.id, endpoint: ENDPOINT, completion_window: '24h' }),
  })) as { readonly id: string };
  for (;;) {
    const batch = (await json(`${url}/v1/batches/${created.id}`)) as EndedBatch;
    if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) {
      if (batch.request_counts.completed === lines) return;
      throw new Error(`Of ${lines} lines not all were answered: ${JSON.stringify(batch)}`);
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}

interface EndedBatch {
  readonly status: string;
  readonly request_counts: { readonly completed: number };
}

function lineOf(line: number): string {
  const body = { model: MODEL, messages: [{ role: 'user', content: `What does document ${line} say?` }] };
  return JSON.stringify({ custom_id: `document ${line}`, method: 'POST', url: ENDPOINT, body });
}

async function json(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`Answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  return response.json();
}

function sectionsOf(perSecond: number, levels: readonly Level[]): ScenarioReport['sections'] {
  return [
    `This machine answers ${perSecond.toFixed(0)} inferences a second (${RATE_CLIENTS} clients, a provider that answers at once).`,
    [
      ['limit', 'requests a minute', 'used (target: at least 0.90)', 'fullest minute (target: at most 1.00)'],
      ...levels.map(({ part, requestsPerMinute, used, fullest }) => [
        `${part} of that`,
        `${requestsPerMinute}`,
        used.toFixed(3),
        fullest.toFixed(3),
      ]),
    ],
  ];
}
