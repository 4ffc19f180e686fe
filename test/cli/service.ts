// Holdfast's real HTTP server for the tests of the commands, over inferences that the test moves by hand.

import { pino } from 'pino';
import { answerOfPerson } from '../../src/domain/answer.ts';
import type { CallRecord } from '../../src/domain/call.ts';
import type { Catalog } from '../../src/domain/catalog.ts';
import type { Resolution } from '../../src/domain/hold.ts';
import type { Inference, InferenceFailure } from '../../src/domain/inference.ts';
import type { Inferences, ListInferences, StartInference } from '../../src/domain/inferences.ts';
import type { ApiKey } from '../../src/http/auth.ts';
import { buildServer } from '../../src/http/server.ts';
import { createMetrics } from '../../src/metrics.ts';
import { analysesWithout } from '../support/analyses.ts';
import { batchesWithout } from '../support/batches.ts';
import { filesInDirectory } from '../support/files.ts';
import { linesInMemory } from '../support/lines.ts';
import { targetsInMemory } from '../support/targets.ts';

export interface TestService {
  readonly url: string;
  close(): Promise<void>;
}

/** The state behind one or more services: it outlives them, as Temporal does. */
export class TestInferences implements Inferences {
  readonly started: (StartInference & { readonly id: string })[] = [];
  readonly cancelled: string[] = [];
  readonly lists: ListInferences[] = [];
  readonly resolutions: Resolution[] = [];
  /** Whether a resolution decides; otherwise it waits for another key. */
  decides = true;
  waits = 0;
  readonly #states = new Map<string, Inference>();
  readonly #onChange = new Set<() => void>();

  get lastId(): string {
    const id = [...this.#states.keys()].at(-1);
    if (id === undefined) throw new Error('Nothing was started.');
    return id;
  }

  add(change: Partial<Inference> & Pick<Inference, 'id'>): void {
    this.#states.set(change.id, { ...fresh(change.id), ...change });
  }

  change(id: string, change: Partial<Inference>): void {
    const inference = this.#states.get(id);
    if (!inference) throw new Error(`There is no ${id}.`);
    this.#states.set(id, { ...inference, ...change });
    for (const notify of this.#onChange) notify();
  }

  succeed(id: string, text: string, calls: readonly CallRecord[] = [call({})]): void {
    const answer = {
      text,
      refusal: null,
      toolCalls: [],
      finishReason: { unified: 'stop' as const, raw: 'stop' },
      usage: null,
      model: 'gpt-4o',
    };
    const result = { answer, target: calls.at(-1)?.target ?? 'openai/gpt-4o', calls };
    this.change(id, { status: 'succeeded', endedAt: '2026-01-01T00:00:02.000Z', result, calls });
  }

  fail(id: string, failure: Partial<InferenceFailure>): void {
    const { calls = [call({ outcome: 'failed', kind: 'overloaded' })] } = failure;
    const whole = {
      code: 'all_targets_failed' as const,
      message: 'All targets failed.',
      cause: null,
      calls,
      ...failure,
    };
    this.change(id, { status: 'failed', endedAt: '2026-01-01T00:00:02.000Z', failure: whole, calls });
  }

  async start(start: StartInference) {
    const { identity } = start;
    const sequence = this.started.length;
    const id = identity.type === 'keyed' ? identity.id : identity.idOf({ epoch: 0, sequence });
    this.started.push({ ...start, id });
    const inference = { ...fresh(id), memo: start.memo };
    this.#states.set(id, inference);
    return { type: 'started' as const, inference };
  }

  async prompt(id: string) {
    const input = this.started.find((one) => one.id === id)?.input;
    return input && 'prompt' in input
      ? ({ type: 'found', prompt: input.prompt } as const)
      : ({ type: 'not-found' } as const);
  }

  async rescue() {
    return { type: 'none' as const };
  }

  async get(id: string) {
    const inference = this.#states.get(id);
    return inference ? { type: 'found' as const, inference } : { type: 'not-found' as const };
  }

  async wait(id: string, options: { timeoutMs: number; signal?: AbortSignal }) {
    this.waits += 1;
    const outcome = await this.get(id);
    if (outcome.type === 'found' && outcome.inference.endedAt !== null) return outcome;
    const isOver = await this.#changed(options);
    const now = await this.get(id);
    if (isOver || (now.type === 'found' && now.inference.endedAt === null)) return { type: 'pending' as const };
    return now;
  }

  async cancel(id: string) {
    this.cancelled.push(id);
    const outcome = await this.get(id);
    if (outcome.type === 'found' && outcome.inference.status === 'running') {
      this.change(id, { status: 'cancelled', endedAt: '2026-01-01T00:00:02.000Z' });
    }
    return this.get(id);
  }

  async replay(id: string) {
    const outcome = await this.get(id);
    if (outcome.type === 'not-found') return outcome;
    const { status } = outcome.inference;
    if (status !== 'failed' && status !== 'cancelled') return { type: 'not-replayable' as const, status };
    this.change(id, { status: 'running', endedAt: null, failure: null, runId: 'run-2' });
    return { type: 'replayed' as const, runId: 'run-2' };
  }

  async resolve(id: string, resolution: Resolution) {
    const outcome = await this.get(id);
    if (outcome.type === 'not-found') return outcome;
    if (outcome.inference.waitingFor !== 'resolution') {
      return { type: 'refused' as const, code: 'not_held' as const, message: 'It is not held.' };
    }
    this.resolutions.push(resolution);
    if (this.decides) this.#resolved(id, outcome.inference, resolution);
    return { type: 'resolved' as const, isDecided: this.decides };
  }

  async list(query: ListInferences) {
    this.lists.push(query);
    const all = [...this.#states.values()].toReversed();
    const next = all.length > query.limit ? 'cursor-2' : null;
    return { type: 'page' as const, inferences: all.slice(0, query.limit), next };
  }

  async notReadyReason() {
    return null;
  }

  #resolved(id: string, { heldVerdict }: Inference, { vote, answer }: Resolution): void {
    const chosen = vote === undefined ? null : heldVerdict?.votes[vote];
    const result = {
      answer: chosen?.answer ?? answerOfPerson(answer ?? ''),
      target: chosen?.target ?? null,
      calls: [],
      ...(heldVerdict && { verdict: { ...heldVerdict, decidedBy: 'person' as const } }),
    };
    this.change(id, { status: 'succeeded', waitingFor: null, endedAt: '2026-01-01T00:00:02.000Z', result });
  }

  /** Resolves at the next change with false, or with true when the time is over. */
  #changed({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isOver: boolean) => {
        clearTimeout(timer);
        this.#onChange.delete(onChange);
        resolve(isOver);
      };
      const onChange = () => done(false);
      const timer = setTimeout(() => done(true), timeoutMs);
      this.#onChange.add(onChange);
      signal?.addEventListener('abort', () => done(true), { once: true });
    });
  }
}

export async function startService(
  inferences: Inferences,
  options: { readonly port?: number; readonly apiKeys?: readonly ApiKey[] } = {},
): Promise<TestService> {
  const { app, beginShutdown } = await buildServer({
    inferences,
    batches: batchesWithout(),
    ...analysesWithout(),
    catalog,
    files: filesInDirectory(),
    maxFileBytes: 1_000_000,
    lines: linesInMemory(),
    apiKeys: options.apiKeys ?? [],
    bodyLimitBytes: 1_000_000,
    logger: pino({ level: 'silent' }),
    uiUrlOf: (id) => `http://ui.test/workflows/${id}`,
    version: '0.0.0',
    targets: targetsInMemory(catalog),
    admit: () => null,
    expectFaults: () => [],
    webhookUrlFault: () => null,
    metrics: createMetrics({ catalog, health: () => [], votesHeld: () => 0 }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  return {
    url,
    close: async () => {
      beginShutdown();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

export function call(fields: Partial<CallRecord>): CallRecord {
  return {
    target: 'openai/gpt-4o',
    model: 'gpt-4o',
    attempt: 1,
    outcome: 'succeeded',
    kind: null,
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 812,
    firstTokenMs: 100,
    usage: null,
    costUsd: null,
    providerRequestId: null,
    possiblyBilled: false,
    message: null,
    ...fields,
  };
}

function fresh(id: string): Inference {
  return {
    id,
    runId: 'run-1',
    status: 'running',
    waitingFor: null,
    memo: { owner: null, model: 'default', deadlineMs: 60_000, metadata: {}, fingerprint: 'f' },
    createdAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    result: null,
    failure: null,
    calls: [],
    heldVerdict: null,
  };
}

const settings = {
  strategy: 'failover' as const,
  targets: [{ provider: 'openai', model: 'gpt-4o' }],
  attemptTimeoutMs: 60_000,
  firstTokenTimeoutMs: 30_000,
  stallTimeoutMs: 15_000,
  maxAttemptsPerTarget: 2,
  onRefusal: 'return' as const,
};

const catalog: Catalog = {
  models: { default: { settings }, summarize: { settings } },
  facts: {},
  providers: { openai: { region: null } },
  defaults: settings,
  batchRules: { pollIntervalMs: 30_000, stuckAfterMs: 7_200_000, rescueConcurrency: 32 },
  configHash: 'hash',
};
