// The scenario `batches`: files of lines of 1 KB end to end, through simulated lanes. What a line costs the service, what
// memory it takes, how long the history of a batch becomes, and whether a line of a large batch costs more than of a small
// one.

import { MODEL, runBatch, writeLines } from './batch-client.ts';
import { type BatchFigures, reportOf } from './batch-report.ts';
import { cpuTimeMs } from './cpu-time.ts';
import { historyLengths } from './history-events.ts';
import { type Holdfast, startHoldfast } from './holdfast.ts';
import { takePeakBytes } from './peak-memory.ts';
import type { ScenarioOptions, ScenarioReport } from './scenario.ts';
import { compiled } from './sides.ts';
import type { Stage } from './stage.ts';

const LANES = [
  'openai/gpt-4o',
  'anthropic/claude-haiku-4-5',
  'google/gemini-2.5-flash',
  'mistral/mistral-medium-latest',
];
/** From the smallest to the largest: memory that is kept after a large one would be counted of a small one. */
const SIZES = [1_000, 10_000, 100_000];
const WARM_UP_LINES = 10_000;
/** Of what each vendor's lane costs by itself. */
const VENDOR_LINES = 10_000;

export async function measureBatches(stage: Stage, options: ScenarioOptions): Promise<ScenarioReport> {
  const provider = await stage.start({ script: compiled('batch-provider.js') });
  const { profileDir } = options;
  const holdfast = await startHoldfast(stage, {
    config: configFor(provider.url),
    nodeArguments: profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
  });
  const directory = await stage.emptyDirectory('lines');
  const run = async (lines: number, lanes: readonly string[]) => {
    options.note(`batches: ${lines} lines, first at ${lanes[0]}`);
    return measure(holdfast, { path: await writeLines(directory, lines), lines, lanes });
  };
  for (const lane of LANES) await run(WARM_UP_LINES / LANES.length, startingAt(lane));
  const bySize: BatchFigures[] = [];
  for (const lines of options.quick ? SIZES.slice(0, 2) : SIZES) bySize.push(await run(lines, LANES));
  const byLane: BatchFigures[] = [];
  if (!options.quick) for (const lane of LANES) byLane.push(await run(VENDOR_LINES, startingAt(lane)));
  await Promise.all([holdfast.stop(), provider.stop()]);
  return reportOf({ bySize, byLane });
}

function configFor(simulator: string): object {
  const provider = (wire: string, path: string) => ({
    type: wire,
    apiKey: 'bench',
    baseUrl: `${simulator}/${wire}/${wire}${path}`,
  });
  return {
    providers: {
      openai: provider('openai', '/v1'),
      anthropic: provider('anthropic', ''),
      google: provider('google', '/v1beta'),
      mistral: provider('mistral', '/v1'),
    },
    targets: Object.fromEntries(LANES.map((lane) => [lane, { price: { input: 1, output: 2 } }])),
    models: { [MODEL]: { targets: LANES } },
    batch: { pollInterval: '500ms' },
    healthChecks: { enabled: false },
  };
}

/** The same lanes, this one first. */
function startingAt(lane: string): readonly string[] {
  return [lane, ...LANES.filter((other) => other !== lane)];
}

async function measure(
  { url, pid, temporalAddress }: Holdfast,
  of: { readonly path: string; readonly lines: number; readonly lanes: readonly string[] },
): Promise<BatchFigures> {
  takePeakBytes(pid);
  const before = cpuTimeMs(pid);
  const beganAt = performance.now();
  const workflowId = await runBatch(url, of);
  const wallMs = performance.now() - beganAt;
  const after = cpuTimeMs(pid);
  const [historyEvents = null] =
    temporalAddress === null ? [] : await historyLengths({ address: temporalAddress, workflowIds: [workflowId] });
  return {
    lines: of.lines,
    firstLane: of.lanes[0] ?? '',
    wallMs,
    cpuUsPerLine: before === null || after === null ? null : ((after - before) * 1_000) / of.lines,
    peakBytes: takePeakBytes(pid),
    historyEvents,
  };
}
