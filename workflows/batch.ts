// Workflow Type `batch`: portions of a file's lines go from lane to lane, and what no lane has answered is asked in the
// ordinary way. Only sequences: what a step may take and cost is judged in src/domain.

import {
  CancellationScope,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type {
  BatchInput,
  BatchManifest,
  BatchPlan,
  BatchProgress,
  BatchStatus,
  BatchStop,
  Portion,
  ReachedAt,
  StepRecord,
} from '../src/domain/batch.ts';
import { lineRules } from '../src/domain/batch.ts';
import { Purse, rescueReserveMs, shareUsd, summaryOf, sumUsd } from '../src/domain/batch-route.ts';
import type { LineSet } from '../src/domain/line-set.ts';
import { lineCount } from '../src/domain/line-set.ts';
import { targetName } from '../src/domain/target.ts';
import { announce } from './announce.ts';
import { DeadlineClock } from './deadline-clock.ts';
import type { providerBatch } from './provider-batch.ts';
import { failedStep } from './provider-batch.ts';

type Activities = ReturnType<typeof createActivities>;

export async function batch(input: BatchInput): Promise<BatchManifest> {
  return new BatchRun(input).run();
}

/** Enough that a slow one holds up few, and few enough for a provider's limit of tokens under way. */
const PORTIONS_AT_ONCE = 4;
/** The history of one run stays well below what Temporal warns of. */
const MOST_EVENTS = 1_500;

const files = proxyActivities<Activities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

class BatchRun {
  readonly #input: BatchInput;
  readonly #clock: DeadlineClock;
  readonly #purse: Purse;
  readonly #steps: StepRecord[];
  #plan: BatchPlan = { total: 0, faults: [], portions: [] };
  #next = 0;
  #stop: BatchStop | null = null;
  #reachedAt: ReachedAt;

  constructor(input: BatchInput) {
    const { deadlineMs, maxCostUsd, carried } = input;
    this.#input = input;
    this.#clock = new DeadlineClock({ deadlineMs, spentMs: carried?.spentMs ?? 0 });
    this.#purse = new Purse(maxCostUsd);
    this.#steps = [...(carried?.steps ?? [])];
    this.#reachedAt = carried?.reachedAt ?? {};
    for (const { costUsd } of this.#steps) this.#purse.spend(costUsd);
    if (carried) {
      this.#plan = carried.plan;
      this.#next = carried.nextPortion;
    }
  }

  async run(): Promise<BatchManifest> {
    try {
      if (!this.#input.carried) await this.#read();
      const lanes = Array.from({ length: PORTIONS_AT_ONCE }, () => this.#work());
      await Promise.all(lanes);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      this.#stop = 'cancelled';
    }
    if (this.#stop === null && this.#next < this.#plan.portions.length) return this.#continue();
    // What has been paid for is kept, whoever has cancelled.
    return CancellationScope.nonCancellable(() => this.#finish());
  }

  async #read(): Promise<void> {
    const { id, inputFileId, lanes, settings } = this.#input;
    const syncTarget = settings.targets[0] ?? null;
    this.#plan = await files.planBatch({ ...lineRules(this.#input), batchId: id, inputFileId, lanes, syncTarget });
    this.#show('in_progress');
  }

  /** Takes one portion after the other, until there is none left or this run has become long. */
  async #work(): Promise<void> {
    for (;;) {
      const portion = this.#plan.portions[this.#next];
      const { historyLength, continueAsNewSuggested } = workflowInfo();
      if (!portion || this.#stop || historyLength > MOST_EVENTS || continueAsNewSuggested) return;
      const number = this.#next++;
      await this.#drive(portion, number);
    }
  }

  async #drive(portion: Portion, number: number): Promise<void> {
    let rest = portion.lines;
    let isLate = false;
    for (let lane = 0; lane < this.#input.lanes.length && this.#mayGoOn(rest); lane++) {
      const timeMs = this.#laneTimeMs();
      isLate = timeMs <= 0;
      if (isLate) break;
      rest = await this.#send(portion, { number, lane, rest, timeMs });
    }
    if (this.#input.rescue === 'sync' && this.#mayGoOn(rest)) rest = await this.#rescue(portion, { number, rest });
    isLate ||= this.#clock.leftMs() <= 0 || (this.#input.rescue === 'none' && this.#laneTimeMs() <= 0);
    if (lineCount(rest) > 0 && isLate) this.#stop ??= 'deadline';
  }

  #mayGoOn(rest: LineSet): boolean {
    if (CancellationScope.current().consideredCancelled) this.#stop ??= 'cancelled';
    return lineCount(rest) > 0 && this.#stop === null && this.#clock.leftMs() > 0;
  }

  #laneTimeMs(): number {
    const { deadlineMs, rescue, rules } = this.#input;
    const lines = this.#plan.total;
    const reserve = rescueReserveMs({ lines, deadlineMs, rescue, concurrency: rules.rescueConcurrency });
    return this.#clock.leftMs() - reserve;
  }

  async #send(
    portion: Portion,
    step: { readonly number: number; readonly lane: number; readonly rest: LineSet; readonly timeMs: number },
  ): Promise<LineSet> {
    const { id, inputFileId, lanes, rules } = this.#input;
    const { number, lane, rest, timeMs } = step;
    const target = lanes[lane];
    if (!target) return rest;
    const budgetUsd = this.#purse.reserve(shareUsd(portion.laneUsd[lane] ?? null, rest, portion.lines));
    if (budgetUsd === 0) return this.#outOfMoney(rest);
    const input = {
      ...lineRules(this.#input),
      batchId: id,
      inputFileId,
      portion: number,
      lane,
      target,
      lines: rest,
      budgetUsd,
      timeMs,
      rules,
    };
    let record: StepRecord;
    try {
      record = await executeChild<typeof providerBatch>('provider-batch', {
        workflowId: `${id}.p${number}.l${lane}`,
        args: [input],
        // It has to see to the provider's batch when this one is cancelled.
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `portion ${number + 1} of ${this.#plan.portions.length} at ${targetName(target)}`,
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      // Terminated by somebody, or failed by a defect: the lines go on.
      record = failedStep(input, 'error');
    }
    return this.#settle(record, budgetUsd);
  }

  async #rescue(
    portion: Portion,
    { number, rest }: { readonly number: number; readonly rest: LineSet },
  ): Promise<LineSet> {
    const { id, inputFileId, settings, rules, owner, configHash } = this.#input;
    const budgetUsd = this.#purse.reserve(shareUsd(portion.syncUsd, rest, portion.lines));
    if (budgetUsd === 0) return this.#outOfMoney(rest);
    const timeMs = this.#clock.leftMs();
    const { rescueLines } = proxyActivities<Activities>({
      startToCloseTimeout: timeMs + RESCUE_GRACE_MS,
      heartbeatTimeout: '20s',
      retry: { initialInterval: '1s', maximumInterval: '30s' },
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      summary: `rescue of ${lineCount(rest)} lines`,
    });
    const { rescueConcurrency: concurrency } = rules;
    const asked = { ...lineRules(this.#input), inputFileId, settings, concurrency, owner, configHash };
    const record = await rescueLines({ batchId: id, portion: number, lines: rest, budgetUsd, timeMs, ...asked });
    return this.#settle(record, budgetUsd);
  }

  #settle(record: StepRecord, budgetUsd: number | null): LineSet {
    this.#steps.push(record);
    this.#purse.settle(budgetUsd, record.costUsd);
    if (record.end === 'cancelled' && CancellationScope.current().consideredCancelled) this.#stop ??= 'cancelled';
    if (record.end === 'cost') this.#stop ??= 'cost';
    this.#show('in_progress');
    return record.rest;
  }

  #outOfMoney(rest: LineSet): LineSet {
    this.#stop ??= 'cost';
    return rest;
  }

  async #finish(): Promise<BatchManifest> {
    const { id, inputFileId, model, lanes, settings, webhookUrl: url, owner } = this.#input;
    if (this.#plan.total > 0 && this.#plan.faults.length === 0) this.#show('finalizing');
    const manifest = await files.finishBatch({
      ...lineRules(this.#input),
      batchId: id,
      inputFileId,
      owner,
      plan: this.#plan,
      stop: this.#stop,
      steps: this.#steps,
      syncTarget: lanes[0] ?? settings.targets[0] ?? null,
      estimateUsd: this.#estimateUsd(),
      reachedAt: this.#reachedAt,
    });
    this.#show(manifest.status);
    const { status } = manifest;
    if (url !== undefined) await announce({ type: `batch.${status}`, url, data: { id, model, status } });
    return manifest;
  }

  #continue(): Promise<never> {
    const carried = {
      spentMs: this.#clock.spentMs(),
      plan: this.#plan,
      nextPortion: this.#next,
      steps: this.#steps,
      reachedAt: this.#reachedAt,
    };
    return continueAsNew<typeof batch>({ ...this.#input, carried });
  }

  /** At the first lane, or in the ordinary way where there is none. */
  #estimateUsd(): number | null {
    const hasLanes = this.#input.lanes.length > 0;
    return sumUsd(this.#plan.portions.map(({ laneUsd, syncUsd }) => (hasLanes ? (laneUsd[0] ?? null) : syncUsd)));
  }

  #show(status: BatchStatus): void {
    this.#reachedAt = { [status]: new Date().toISOString(), ...this.#reachedAt };
    const progress: BatchProgress = {
      status,
      total: this.#plan.total,
      answered: this.#steps.reduce((count, { answered }) => count + answered, 0),
      steps: this.#steps.map(summaryOf),
      costUsd: sumUsd(this.#steps.map(({ costUsd }) => costUsd)),
      estimateUsd: this.#estimateUsd(),
      reachedAt: this.#reachedAt,
    };
    upsertMemo({ progress });
  }
}

/** A rescue ends by its own clock; this much later Temporal concludes that its worker hangs. */
const RESCUE_GRACE_MS = 60_000;
