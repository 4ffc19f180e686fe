// The scenario `accuracy`: extractions from documents of which everything is known, by three simulated models that err at
// known rates. How often each model is right, how often their consensus is, and whether that is what probability says.

import { isDeepStrictEqual } from 'node:util';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { type AccuracyCase, type CaseFigures, reportOf, type Tally } from './accuracy-report.ts';
import { type Document, documentsOf, schema } from './documents.ts';
import { startHoldfast } from './holdfast.ts';
import { type Answered, type Cost, costOf, putQuestions } from './questions.ts';
import type { ScenarioOptions, ScenarioReport } from './scenario.ts';
import { TARGETS } from './sides.ts';
import type { Stage } from './stage.ts';

const QUORUM = 2;
const CLIENTS = 8;

const CASES: readonly AccuracyCase[] = [
  { name: 'independent', errors: { own: [0.05, 0.1, 0.15], common: 0, quorum: QUORUM } },
  { name: 'correlated', errors: { own: [0.02, 0.05, 0.1], common: 0.05, quorum: QUORUM } },
];

/** USD per million tokens: a small, a middle and a large model. */
const PRICES = [
  { input: 0.15, output: 0.6 },
  { input: 1, output: 4 },
  { input: 3, output: 15 },
];

export async function measureAccuracy(stage: Stage, options: ScenarioOptions): Promise<ScenarioReport> {
  const documents = documentsOf(options.seed, options.quick ? 40 : 400);
  const simulator = await startSimulator();
  try {
    const holdfast = await startHoldfast(stage, { config: configFor(simulator) });
    const measured: CaseFigures[] = [];
    for (const each of CASES) {
      injectErrors(simulator, each, options.seed);
      const tallies: Tally[] = [];
      for (const model of [...TARGETS, 'consensus']) {
        options.note(`accuracy: ${each.name} errors, ${documents.length} documents through ${model}`);
        tallies.push(await extractAll({ url: holdfast.url, model, documents }));
      }
      measured.push({ ...each, singles: tallies.slice(0, -1), consensus: tallyAt(tallies, -1) });
    }
    await holdfast.stop();
    return reportOf({ cases: measured, documents: documents.length, models: TARGETS });
  } finally {
    await simulator.close();
  }
}

function configFor(simulator: Simulator): object {
  const accounts = TARGETS.map(accountOf);
  const provider = (account: string) => ({
    type: 'openai',
    apiKey: 'bench',
    baseUrl: simulator.baseUrl(account, 'openai'),
  });
  return {
    providers: Object.fromEntries(accounts.map((account) => [account, provider(account)])),
    targets: Object.fromEntries(TARGETS.map((target, index) => [target, { price: PRICES[index] }])),
    healthChecks: { enabled: false },
    models: {
      consensus: {
        strategy: 'consensus',
        targets: TARGETS,
        quorum: QUORUM,
        compare: { type: 'json', relativeTolerance: 0 },
        onSplit: 'fail',
      },
    },
  };
}

function accountOf(target: string): string {
  return target.split('/', 1)[0] ?? '';
}

/** Each model errs by itself and in its own way; the newest rule, the common cause, goes before. */
function injectErrors(simulator: Simulator, { name, errors }: AccuracyCase, seed: string): void {
  simulator.clear();
  for (const [index, target] of TARGETS.entries()) {
    const share = { of: errors.own[index] ?? 0, seed: `${seed}, ${name}, ${target}` };
    simulator.inject({ account: accountOf(target), share, fault: { type: 'dissent', seed: target } });
  }
  const share = { of: errors.common, seed: `${seed}, ${name}, common` };
  simulator.inject({ share, fault: { type: 'dissent', seed: 'common' } });
}

async function extractAll(run: {
  readonly url: string;
  readonly model: string;
  readonly documents: readonly Document[];
}): Promise<Tally> {
  const { url, model, documents } = run;
  const questions = documents.map(({ text }) => questionOf(model, text));
  const answers = await putQuestions({ url, clients: CLIENTS, questions });
  const outcomes = answers.map((answer, index) => outcomeOf(answer, documents[index]));
  const count = (outcome: Outcome) => outcomes.filter((each) => each === outcome).length;
  const ids = answers.map(({ headers }) => String(headers['x-holdfast-inference-id']));
  const cost: Cost = await costOf({ url, clients: CLIENTS, ids });
  return { right: count('right'), wrong: count('wrong'), split: count('split'), ...cost };
}

function questionOf(model: string, text: string): object {
  return {
    model,
    messages: [{ role: 'user', content: text }],
    response_format: { type: 'json_schema', json_schema: { name: 'order', strict: true, schema } },
  };
}

type Outcome = 'right' | 'wrong' | 'split';

/** Throws at what is none of them: a figure over errors would mean nothing. */
function outcomeOf({ status, headers, body }: Answered, document: Document | undefined): Outcome {
  const answer = JSON.parse(body) as {
    readonly choices?: readonly { readonly message: { readonly content: string } }[];
    readonly error?: { readonly code: string };
  };
  if (status === 422 && answer.error?.code === 'consensus_split') return 'split';
  // A single model has no verdict.
  const isAnswered = status === 200 && (headers['x-holdfast-verdict'] ?? 'agreed') === 'agreed';
  const content = answer.choices?.[0]?.message.content;
  if (!isAnswered || content === undefined) throw new Error(`Answered ${status}: ${body.slice(0, 500)}`);
  return isDeepStrictEqual(JSON.parse(content), document?.right) ? 'right' : 'wrong';
}

function tallyAt(tallies: readonly Tally[], index: number): Tally {
  const tally = tallies.at(index);
  if (!tally) throw new Error('Nothing was measured.');
  return tally;
}
