// One run of chaos: a batch over four lanes whose providers go wrong, while processes are killed. Everything that happens
// follows from the seed, but for the moments at which the machine gets around to it.

import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import type { BatchRule } from '../../src/simulator/batch/batch-fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { Cluster, Part } from './cluster.ts';
import { PARTS } from './cluster.ts';
import { Seeded } from './seeded.ts';

/** USD for a million tokens, at every provider. */
const PRICE = { input: 1, output: 2 };
const TARGETS = ['one/gpt-4o', 'two/claude-haiku-4-5', 'three/gemini-2.5-flash', 'four/mistral-medium-latest'] as const;
const ACCOUNTS = ['one', 'two', 'three', 'four'] as const;
const LINES = 300;
const LATEST_KILL_MS = 25_000;
/** Far more than any run takes. */
const PATIENCE_MS = 240_000;

export function chaosConfig(simulator: Simulator): object {
  return {
    providers: {
      one: { type: 'openai', apiKey: 'k', baseUrl: simulator.baseUrl('one', 'openai') },
      two: { type: 'anthropic', apiKey: 'k', baseUrl: simulator.baseUrl('two', 'anthropic') },
      three: { type: 'google', apiKey: 'k', baseUrl: simulator.baseUrl('three', 'google') },
      four: { type: 'mistral', apiKey: 'k', baseUrl: simulator.baseUrl('four', 'mistral') },
    },
    targets: Object.fromEntries(TARGETS.map((target) => [target, { price: PRICE }])),
    models: { analysis: { targets: TARGETS } },
    batch: { pollInterval: '100ms', stuckAfter: '3s' },
    healthChecks: { enabled: false },
  };
}

export interface ChaosPlan {
  readonly seed: number;
  readonly rules: readonly BatchRule[];
  readonly kills: readonly { readonly part: Part; readonly afterMs: number }[];
}

export interface ChaosResult {
  readonly answered: number;
  readonly failed: number;
  readonly rescued: number;
  /** Whether every step of it has a known cost. */
  readonly isBillKnown: boolean;
  readonly tookMs: number;
  /** What must not be; empty: nothing was. */
  readonly faults: readonly string[];
}

/** Which faults befall which provider, and who is killed when. */
export function planOf(seed: number): ChaosPlan {
  const random = new Seeded(seed);
  const rules: BatchRule[] = [];
  for (const account of ACCOUNTS) {
    for (const fault of faultsOf(random)) if (random.chance(0.35)) rules.push({ account, ...fault });
  }
  const kills = Array.from({ length: 2 + Math.floor(random.number() * 4) }, () => ({
    part: random.one(PARTS),
    // Most while much happens, some in the midst of a late step.
    afterMs: 100 + LATEST_KILL_MS * random.number() ** 3,
  }));
  return { seed, rules, kills };
}

function faultsOf(random: Seeded): readonly Omit<BatchRule, 'account'>[] {
  const share = () => ({ of: random.between(0.05, 0.5), seed: String(random.number()) });
  const broken = { error: { message: 'It broke.', type: 'server_error' } };
  return [
    { fault: { type: 'slow', ms: random.between(1_000, 2_500) } },
    { fault: random.one<BatchRule['fault']>([{ type: 'stuck' }, { type: 'failed', code: 'token_limit_exceeded' }]) },
    { fault: { type: 'expired', answered: share() } },
    { fault: { type: 'missing', share: share() } },
    { fault: { type: 'duplicate', share: share() } },
    { fault: { type: 'unordered' } },
    { fault: { type: 'line-error', share: share(), status: 500, body: broken } },
    { fault: { type: 'bad-answer', share: share(), fault: { type: 'empty' } } },
    { fault: { type: 'lost-reply', to: random.one<'create' | 'upload'>(['create', 'upload']) }, times: 1 },
    { fault: { type: 'error', on: 'look', situation: 'rate-limit' }, times: 2 },
    { fault: { type: 'cut-results', afterLines: Math.floor(random.between(1, 100)) }, times: 1 },
  ];
}

export async function runChaos(cluster: Cluster, plan: ChaosPlan): Promise<ChaosResult> {
  const { simulator, url } = cluster;
  const startedAtMs = performance.now();
  simulator.clear();
  for (const rule of plan.rules) simulator.injectBatch(rule);
  const client = new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 20, timeout: 20_000 });
  const text = linesOf(plan.seed);
  const file = await patiently(async () =>
    client.files.create({ file: await toFile(Buffer.from(text), 'in.jsonl'), purpose: 'batch' }),
  );
  const kills = plan.kills.map(async ({ part, afterMs }) => {
    await sleep(afterMs);
    await cluster.kill(part);
  });
  const body = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
  const headers = { 'idempotency-key': `chaos-${plan.seed}-${file.id}` };
  const { id } = await patiently(() => client.batches.create(body, { headers }));
  const batch = await patiently(async () => {
    const found = (await client.batches.retrieve(id)) as OurBatch;
    if (!['completed', 'failed', 'expired', 'cancelled'].includes(found.status))
      throw new Error(`${id} is ${found.status}: ${JSON.stringify(found.lanes)}`);
    return found;
  });
  await Promise.all(kills);
  const rows = async (fileId: string | null | undefined) =>
    fileId ? patiently(async () => rowsOf(await (await client.files.content(fileId)).text())) : [];
  const [answers, errors] = [await rows(batch.output_file_id), await rows(batch.error_file_id)];
  return {
    answered: answers.length,
    failed: errors.length,
    rescued: batch.lanes.filter(({ target }) => target === null).reduce((sum, { answered }) => sum + answered, 0),
    isBillKnown: batch.cost.usd !== null,
    tookMs: performance.now() - startedAtMs,
    faults: [...faultsOfLines(batch, answers, errors), ...faultsOfBill(batch, simulator, plan)],
  };
}

interface OurBatch extends OpenAI.Batch {
  readonly lanes: readonly {
    readonly target: string | null;
    readonly answered: number;
    readonly cost_usd: number | null;
  }[];
  readonly cost: { readonly usd: number | null };
}

interface Row {
  readonly custom_id: string;
  readonly response: { readonly body: OpenAI.ChatCompletion } | null;
  readonly error: { readonly code: string } | null;
}

function linesOf(seed: number): string {
  return Array.from({ length: LINES }, (_, n) =>
    JSON.stringify({
      custom_id: `line ${n}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'analysis', messages: [{ role: 'user', content: `What is ${n} of ${seed}?` }] },
    }),
  ).join('\n');
}

function rowsOf(text: string): readonly Row[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Row);
}

/** Every line ends exactly once, and the counts add up. */
function faultsOfLines(batch: OurBatch, answers: readonly Row[], errors: readonly Row[]): readonly string[] {
  const faults: string[] = [];
  if (batch.status !== 'completed') faults.push(`the batch is ${batch.status}`);
  const seen = new Map<string, number>();
  for (const { custom_id: id } of [...answers, ...errors]) seen.set(id, (seen.get(id) ?? 0) + 1);
  for (let n = 0; n < LINES; n++) {
    const count = seen.get(`line ${n}`) ?? 0;
    if (count !== 1) faults.push(`line ${n} is there ${count} times`);
  }
  if (seen.size !== LINES) faults.push(`${seen.size} lines instead of ${LINES}`);
  if (answers.some(({ response }) => !response?.body.choices[0]?.message.content)) faults.push('an answer is empty');
  if (errors.some(({ error }) => !error?.code)) faults.push('an error has no reason');
  const { total, completed, failed } = batch.request_counts ?? { total: 0, completed: 0, failed: 0 };
  if (total !== LINES || completed !== answers.length || failed !== errors.length) {
    faults.push(`counts ${total}, ${completed}, ${failed} with ${answers.length} answers and ${errors.length} errors`);
  }
  return faults;
}

/** No batch twice at a provider, and what we say it cost is what they would bill. */
function faultsOfBill(batch: OurBatch, simulator: Simulator, { rules }: ChaosPlan): readonly string[] {
  const faults: string[] = [];
  for (const account of ACCOUNTS) {
    // One that was rejected for want of room is made again, as another.
    const created = simulator.batches.filter((one) => one.account === account && one.end !== 'failed').length;
    if (created > 1) faults.push(`${created} batches were created at ${account}`);
  }
  for (const account of [...ACCOUNTS, null]) {
    const ours = sumOf(batch.lanes.filter(({ target }) => (target?.split('/')[0] ?? null) === account));
    const billed = billOf(simulator, account);
    // What was billed and never shown to us nobody can know.
    const isHidden = rules.some((rule) => rule.account === account && rule.fault.type === 'missing');
    // Nor what became of an inference of the rescue whose worker died, or whose report found no server.
    if (ours === null && account === null) continue;
    if (ours === null || ours > billed + NOTHING || (!isHidden && ours < billed - NOTHING)) {
      faults.push(`the bill of ${account ?? 'the rescue'} is ${ours} USD, that of the provider ${billed} USD`);
    }
  }
  const [usd, sum] = [batch.cost.usd, sumOf(batch.lanes)];
  const isSum = usd === null || sum === null ? usd === sum : Math.abs(usd - sum) < NOTHING;
  if (!isSum) faults.push(`the bill is ${usd} USD, and its parts ${sum} USD`);
  return faults;
}

const NOTHING = 1e-12;

function sumOf(lanes: OurBatch['lanes']): number | null {
  return lanes.reduce<number | null>((sum, { cost_usd: usd }) => (sum === null || usd === null ? null : sum + usd), 0);
}

/** By the simulator's ledger; null: of single calls at any provider. */
function billOf(simulator: Simulator, account: string | null): number {
  const entries = simulator
    .ledger()
    .filter((entry) =>
      account === null ? entry.mode === 'sync' : entry.mode === 'batch' && entry.account === account,
    );
  const share = account === null ? 1 : 0.5;
  const tokens = entries.reduce(
    (sum, { inputTokens, outputTokens }) => sum + inputTokens * PRICE.input + outputTokens * PRICE.output,
    0,
  );
  return (tokens * share) / 1_000_000;
}

/** Again until it succeeds: what it needs may be dead just now. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error;
      await sleep(250);
    }
  }
}
