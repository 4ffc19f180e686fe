// A server for requests that must be answered before any inference is started: every use of the port is an error
// there, and is counted, but for what a test puts there itself. Not for anything that a running service answers.

import { Writable } from 'node:stream';
import { expectFaults } from '../../activities/expect/expect-faults.ts';
import { webhookUrlFault } from '../../activities/webhooks/url-fault.ts';
import type { Admit } from '../../src/domain/admission.ts';
import type { Analyses, AnalysisSchedules } from '../../src/domain/analyses.ts';
import type { Batches } from '../../src/domain/batches.ts';
import type { Catalog } from '../../src/domain/catalog.ts';
import type { Files } from '../../src/domain/files.ts';
import type { Inferences } from '../../src/domain/inferences.ts';
import type { Lines } from '../../src/domain/line.ts';
import type { Targets } from '../../src/domain/targets.ts';
import type { ApiKey } from '../../src/http/auth.ts';
import { buildServer } from '../../src/http/server.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { analysesWithout } from '../support/analyses.ts';
import { batchesWithout } from '../support/batches.ts';
import { filesInDirectory } from '../support/files.ts';
import { linesInMemory } from '../support/lines.ts';
import { targetsInMemory } from '../support/targets.ts';

const settings = {
  strategy: 'failover',
  attemptTimeoutMs: 60_000,
  firstTokenTimeoutMs: 30_000,
  stallTimeoutMs: 15_000,
  maxAttemptsPerTarget: 2,
  onRefusal: 'return',
} as const;

export const catalog: Catalog = {
  models: {
    summarize: {
      settings: {
        ...settings,
        targets: [
          { provider: 'openai', model: 'gpt-4o', price: { input: 2.5, output: 10 }, contextWindow: 128_000 },
          { provider: 'together', model: 'meta/llama' },
        ],
      },
      deadlineMs: 90_000,
      onExhausted: 'wait',
    },
  },
  facts: { 'openai/gpt-4o': { price: { input: 2.5, output: 10 }, contextWindow: 128_000 } },
  providers: { openai: { region: 'eu' }, together: { region: null } },
  defaults: settings,
  batchRules: { pollIntervalMs: 30_000, stuckAfterMs: 7_200_000, rescueConcurrency: 32 },
  configHash: 'hash',
};

export async function serverWithoutTemporal(
  options: {
    catalog?: Catalog;
    apiKeys?: readonly ApiKey[];
    bodyLimitBytes?: number;
    admit?: Admit;
    targets?: Targets;
    inferences?: Partial<Inferences>;
    lines?: Lines;
    batches?: Partial<Batches>;
    analyses?: Partial<Analyses>;
    schedules?: Partial<AnalysisSchedules>;
    files?: Files;
    now?: () => number;
  } = {},
) {
  const used: string[] = [];
  const refuse = (name: string) => () => {
    used.push(name);
    return Promise.reject(new Error(`secret detail: ${name} was called`));
  };
  const inferences: Inferences = {
    start: refuse('start'),
    rescue: refuse('rescue'),
    get: refuse('get'),
    prompt: refuse('prompt'),
    wait: refuse('wait'),
    cancel: refuse('cancel'),
    replay: refuse('replay'),
    resolve: refuse('resolve'),
    list: refuse('list'),
    notReadyReason: refuse('notReadyReason'),
    ...options.inferences,
  };
  const without = analysesWithout(refuse);
  const log: string[] = [];
  const stream = new Writable({
    write: (line: Buffer, _encoding, done) => {
      log.push(line.toString());
      done();
    },
  });
  const logger = createLogger({ level: 'debug', pretty: false, stream });
  const { apiKeys = [], bodyLimitBytes = 1_000_000 } = options;
  const known = options.catalog ?? catalog;
  const server = await buildServer({
    inferences,
    batches: { ...batchesWithout(refuse), ...options.batches },
    analyses: { ...without.analyses, ...options.analyses },
    schedules: { ...without.schedules, ...options.schedules },
    catalog: known,
    files: options.files ?? filesInDirectory(),
    maxFileBytes: 1_000_000,
    lines: options.lines ?? linesInMemory(),
    targets: options.targets ?? targetsInMemory(known),
    admit: options.admit ?? (() => null),
    expectFaults,
    webhookUrlFault: (url) => webhookUrlFault(url, { secret: 'whsec_', allowPrivate: false }),
    apiKeys,
    bodyLimitBytes,
    logger,
    uiUrlOf: () => null,
    version: '1.2.3',
    ...(options.now && { now: options.now }),
    metrics: createMetrics({ catalog: known, health: () => [], votesHeld: () => 0 }),
  });
  return { ...server, used, log };
}

/** The smallest request that is valid. */
export const chat = { model: 'summarize', messages: [{ role: 'user', content: 'Hello.' }] };
