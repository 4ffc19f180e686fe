// Workflow Type `analysis`: reads documents, asks about them in a batch, and merges the answers of documents that were too
// long in further batches. Only sequences: what a round asks, and how much time it has, is judged in src/domain.

import {
  CancellationScope,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type {
  AnalysisFault,
  AnalysisInput,
  AnalysisManifest,
  AnalysisProgress,
  AnalysisRound,
  AnalysisStop,
} from '../src/domain/analysis.ts';
import { NO_ANALYSIS_PROGRESS } from '../src/domain/analysis.ts';
import type { BatchInput } from '../src/domain/batch.ts';
import { NO_PROGRESS } from '../src/domain/batches.ts';
import { announce } from './announce.ts';
import type { batch } from './batch.ts';
import { DeadlineClock } from './deadline-clock.ts';

type Activities = ReturnType<typeof createActivities>;

export async function analysis(input: AnalysisInput): Promise<AnalysisManifest> {
  return new AnalysisRun(input).run();
}

const documents = proxyActivities<Activities>({
  startToCloseTimeout: '6h',
  heartbeatTimeout: '2m',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

class AnalysisRun {
  readonly #id = workflowInfo().workflowId;
  readonly #createdAt = workflowInfo().startTime.toISOString();
  readonly #input: AnalysisInput;
  readonly #rounds: AnalysisRound[] = [];
  #clock: DeadlineClock | null = null;
  #documentsFileId: string | null = null;
  #spentUsd: number | null = 0;
  #stop: AnalysisStop | null = null;
  #fault: AnalysisFault | null = null;
  #progress: AnalysisProgress = NO_ANALYSIS_PROGRESS;

  constructor(input: AnalysisInput) {
    this.#input = input;
  }

  async run(): Promise<AnalysisManifest> {
    try {
      if (await this.#read()) while (await this.#round());
    } catch (error) {
      if (!isCancellation(error)) throw error;
      this.#stop = 'cancelled';
    }
    // What has been paid for is kept, whoever has cancelled.
    return CancellationScope.nonCancellable(() => this.#finish());
  }

  async #read(): Promise<boolean> {
    const { source, deadline, output, owner } = this.#input;
    this.#show({});
    const startedAtMs = Date.now();
    const read = await documents.readDocuments({
      analysisId: this.#id,
      source,
      deadline,
      ...(output && { output }),
      owner,
    });
    if ('fault' in read) {
      this.#fault = read.fault;
      return false;
    }
    this.#documentsFileId = read.fileId;
    // It may have been started hours before it was to begin.
    const spentMs = workflowInfo().startTime.getTime() - startedAtMs;
    this.#clock = new DeadlineClock({ deadlineMs: read.deadlineMs, spentMs });
    const deadlineAt = new Date(Date.now() + this.#clock.leftMs()).toISOString();
    this.#show({ status: 'in_progress', documents: read.documents, unreadable: read.unreadable, deadlineAt });
    return true;
  }

  /** Whether another one may follow. */
  async #round(): Promise<boolean> {
    const { model, prompt, schema, maxTokens, rescue, owner, maxCostUsd } = this.#input;
    const timeMs = this.#clock?.leftMs() ?? 0;
    const isLate = timeMs <= 0;
    if (isLate) this.#stop ??= 'deadline';
    const budgetUsd = maxCostUsd === null ? null : maxCostUsd - (this.#spentUsd ?? maxCostUsd);
    if (budgetUsd !== null && budgetUsd <= 0) this.#stop ??= 'cost';
    // A round that has met its own deadline leaves time to merge what it has answered.
    if (isLate || (this.#stop !== null && this.#stop !== 'deadline') || this.#documentsFileId === null) return false;
    const planned = await documents.planRound({
      analysisId: this.#id,
      documentsFileId: this.#documentsFileId,
      round: this.#rounds.length,
      previous: this.#rounds.at(-1) ?? null,
      model,
      prompt,
      ...(schema !== undefined && { schema }),
      ...(maxTokens !== undefined && { maxTokens }),
      rescue,
      owner,
      timeMs,
      budgetUsd,
    });
    if ('fault' in planned) this.#fault = planned.fault;
    if ('fault' in planned || planned.batch === null) return false;
    await this.#ask(planned.batch, planned.fingerprint);
    return this.#fault === null;
  }

  async #ask(asked: BatchInput, fingerprint: string): Promise<void> {
    const { id: batchId, owner } = asked;
    this.#show({ batchIds: [...this.#progress.batchIds, batchId] });
    try {
      const { outputFileId, errorFileId, stop, faults, costUsd } = await executeChild<typeof batch>('batch', {
        workflowId: batchId,
        args: [asked],
        memo: { owner, fingerprint, progress: NO_PROGRESS },
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: this.#rounds.length === 0 ? 'documents' : 'answers of parts',
      });
      this.#rounds.push({ batchId, outputFileId, errorFileId });
      this.#spentUsd = this.#spentUsd === null || costUsd === null ? null : this.#spentUsd + costUsd;
      if (faults[0]) this.#fault = { code: faults[0].code, message: faults[0].message };
      // Cancelled by itself, it takes the analysis along.
      this.#stop ??= stop;
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
      this.#fault = { code: 'batch_failed', message: `The batch ${batchId} was ended from outside, or failed.` };
    }
  }

  async #finish(): Promise<AnalysisManifest> {
    const { source, model, schema, output, owner, webhookUrl: url } = this.#input;
    this.#show({ status: 'finalizing' });
    const manifest = await documents.finishAnalysis({
      analysisId: this.#id,
      createdAt: this.#createdAt,
      documentsFileId: this.#documentsFileId,
      rounds: this.#rounds,
      stop: this.#stop,
      fault: this.#fault,
      source,
      model,
      ...(schema !== undefined && { schema }),
      ...(output && { output }),
      owner,
    });
    const { id, status } = manifest;
    this.#show({ status });
    if (url !== undefined) await announce({ type: `analysis.${status}`, url, data: { id, model, status } });
    return manifest;
  }

  #show(change: Partial<AnalysisProgress>): void {
    this.#progress = { ...this.#progress, ...change };
    upsertMemo({ progress: this.#progress });
  }
}
