// The scenario `tail`: the same questions to a provider that is sometimes very slow, through a chain of one and through a
// hedge of two. What the hedge takes off the slowest answers, and what it costs in calls.

import { quantile } from './figures.ts';
import { startHoldfast } from './holdfast.ts';
import { putQuestions } from './questions.ts';
import { verdict } from './report.ts';
import type { ScenarioOptions, ScenarioReport } from './scenario.ts';
import { providersAt, TARGETS } from './sides.ts';
import { type SlowTailProvider, startSlowTailProvider } from './slow-tail.ts';
import type { Stage } from './stage.ts';

const MAX_P99_RATIO = 0.5;
const MAX_CALLS = 1.1;
/** Few enough for the machine: what is measured is the provider's tail, not our own queue. */
const CLIENTS = 4;
const WARM_UP_CLIENTS = 8;

export async function measureTail(stage: Stage, options: ScenarioOptions): Promise<ScenarioReport> {
  const count = options.quick ? 160 : 600;
  const provider = await startSlowTailProvider(options.seed);
  try {
    const holdfast = await startHoldfast(stage, { config: configFor(provider.url) });
    options.note('tail: warming up');
    await warmUp(holdfast.url, options);
    const run = { url: holdfast.url, provider, count };
    options.note(`tail: ${count} questions through failover`);
    const failover = await measure({ ...run, model: 'failover' });
    options.note(`tail: ${count} questions through hedge`);
    const hedge = await measure({ ...run, model: 'hedge' });
    await holdfast.stop();
    return reportOf({ count, failover, hedge });
  } finally {
    await provider.close();
  }
}

/** Without pings, whose calls would be counted too. */
function configFor(providerUrl: string): object {
  const targets = TARGETS.slice(0, 2);
  return {
    providers: providersAt(providerUrl),
    healthChecks: { enabled: false },
    models: {
      failover: { targets: targets.slice(0, 1) },
      hedge: { strategy: 'hedge', targets, hedgeDelay: 'p95', hedgeBudget: { requests: 0.1, spend: 0.1 } },
    },
  };
}

/** With other questions. Each target's p95 has to be known, and the hedge needs some requests for its budget. */
async function warmUp(url: string, { quick }: ScenarioOptions): Promise<void> {
  const count = quick ? 40 : 120;
  for (const model of [...TARGETS.slice(0, 2), 'hedge']) {
    await putQuestions({ url, clients: WARM_UP_CLIENTS, questions: questions({ model, count, about: 'warming up' }) });
  }
}

function questions(of: { readonly model: string; readonly count: number; readonly about: string }): readonly object[] {
  const { model, count, about } = of;
  return Array.from({ length: count }, (_, index) => ({
    model,
    messages: [{ role: 'user', content: `Question ${index}, ${about}.` }],
  }));
}

interface Measured {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly callsPerRequest: number;
}

async function measure(run: {
  readonly url: string;
  readonly provider: SlowTailProvider;
  readonly model: string;
  readonly count: number;
}): Promise<Measured> {
  const { url, provider, model, count } = run;
  const callsBefore = provider.calls();
  const asked = questions({ model, count, about: 'measured' });
  const answers = await putQuestions({ url, clients: CLIENTS, questions: asked });
  const failed = answers.find(({ status }) => status !== 200);
  if (failed) throw new Error(`Answered ${failed.status}: ${failed.body.slice(0, 500)}`);
  const sorted = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  return {
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    p99Ms: quantile(sorted, 0.99),
    callsPerRequest: (provider.calls() - callsBefore) / count,
  };
}

function reportOf(measured: {
  readonly count: number;
  readonly failover: Measured;
  readonly hedge: Measured;
}): ScenarioReport {
  const { count, failover, hedge } = measured;
  const p99Ratio = hedge.p99Ms / failover.p99Ms;
  const targets = {
    p99: { limit: MAX_P99_RATIO, ratio: p99Ratio, met: p99Ratio <= MAX_P99_RATIO },
    calls: { limit: MAX_CALLS, callsPerRequest: hedge.callsPerRequest, met: hedge.callsPerRequest <= MAX_CALLS },
  };
  return {
    name: 'tail',
    sections: [
      `The same ${count} questions, of which the provider answers about 3 in 100 after 1 to 2.5 s, the rest after 0.1 s`,
      [
        ['', 'p50, ms', 'p95, ms', 'p99, ms', 'calls per request'],
        ['failover, one target', ...cellsOf(failover)],
        ['hedge after the p95, two targets', ...cellsOf(hedge)],
      ],
      `p99 of the hedge over the other: ${p99Ratio.toFixed(2)}; target ≤ ${MAX_P99_RATIO} ${verdict(targets.p99.met)}.`,
      `Calls of the hedge per request: ${hedge.callsPerRequest.toFixed(2)}; target ≤ ${MAX_CALLS} ${verdict(targets.calls.met)}.`,
    ],
    figures: { ...measured, targets },
  };
}

function cellsOf({ p50Ms, p95Ms, p99Ms, callsPerRequest }: Measured): readonly string[] {
  return [...[p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(0)), callsPerRequest.toFixed(2)];
}
