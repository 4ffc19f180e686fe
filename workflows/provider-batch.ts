// Workflow Type `provider-batch`: the life of one batch at one provider. Upload and create are activities of their own,
// so that nothing is created twice; what there is of a batch that is left early is kept. It always ends with a record.

import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type { BatchRules, LineRules, StepEnd, StepFailure, StepRecord } from '../src/domain/batch.ts';
import { lineRules } from '../src/domain/batch.ts';
import type { LineSet } from '../src/domain/line-set.ts';
import { lineCount, mergeLines } from '../src/domain/line-set.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';

type Activities = ReturnType<typeof createActivities>;

export interface ProviderBatchInput extends LineRules {
  readonly batchId: string;
  readonly inputFileId: string;
  readonly portion: number;
  /** Index of the lane. */
  readonly lane: number;
  readonly target: Target;
  readonly lines: LineSet;
  /** What its lines may cost by their estimates; null: anything. */
  readonly budgetUsd: number | null;
  /** Then the provider's batch is left with what it has given. */
  readonly timeMs: number;
  readonly rules: BatchRules;
}

const RETRIES = { initialInterval: '5s', maximumInterval: '5m' } as const;

const files = proxyActivities<Activities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '20s',
  retry: { ...RETRIES, maximumAttempts: 4 },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});
/** What has been paid for is worth many tries. */
const results = proxyActivities<Activities>({
  startToCloseTimeout: '2h',
  heartbeatTimeout: '20s',
  retry: { ...RETRIES, maximumAttempts: 20 },
});
const { createProviderBatch } = proxyActivities<Activities>({
  startToCloseTimeout: '15m',
  heartbeatTimeout: '20s',
  retry: { ...RETRIES, maximumAttempts: 6 },
  // Cancelled in the middle of it, it has to say what was created.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});
const brief = proxyActivities<Activities>({ startToCloseTimeout: '1m', retry: { ...RETRIES, maximumAttempts: 5 } });

export async function providerBatch(input: ProviderBatchInput): Promise<StepRecord> {
  return new ProviderBatch(input).run();
}

/** A step of which nothing has come. */
export function failedStep(
  step: Pick<ProviderBatchInput, 'portion' | 'lane' | 'target' | 'lines'>,
  end: StepEnd,
  providerBatchId: string | null = null,
): StepRecord {
  return {
    portion: step.portion,
    lane: step.lane,
    target: targetName(step.target),
    providerBatchId,
    end,
    lines: lineCount(step.lines),
    answered: 0,
    rest: step.lines,
    failures: {},
    costUsd: 0,
    usage: { inputTokens: null, cachedInputTokens: null, outputTokens: null, reasoningTokens: null },
    outcomes: [],
  };
}

type Lived = Pick<StepRecord, 'end' | 'failure'>;
type Uploaded = Awaited<ReturnType<Activities['uploadLines']>>;

class ProviderBatch {
  readonly #input: ProviderBatchInput;
  readonly #beganMs = Date.now();
  #providerBatchId: string | null = null;

  constructor(input: ProviderBatchInput) {
    this.#input = input;
  }

  async run(): Promise<StepRecord> {
    const { pollIntervalMs, stuckAfterMs } = this.#input.rules;
    const waitMs = Math.max(pollIntervalMs * 10, stuckAfterMs / MOST_TRIES);
    for (let number = 0; ; number++) {
      const { record, mayTryAgain } = await this.#once(number);
      const leftMs = Math.min(this.#leftMs(), stuckAfterMs - (Date.now() - this.#beganMs));
      // One that stays full is as good as stuck: others have room.
      if (!mayTryAgain || leftMs <= 0) return record;
      try {
        await sleep(Math.min(leftMs, waitMs), { summary: 'the provider is full' });
      } catch (error) {
        if (isCancellation(error)) return { ...record, end: 'cancelled' };
        throw error;
      }
    }
  }

  /** One try. It may be made again when the provider had no room for the batch. */
  async #once(number: number): Promise<{ readonly record: StepRecord; readonly mayTryAgain: boolean }> {
    const { batchId, inputFileId, portion, lane, target, lines, budgetUsd } = this.#input;
    // Another try is another batch.
    const name = `${batchId}.p${portion}.l${lane}.${number}`;
    let uploaded: Uploaded;
    try {
      uploaded = await files.uploadLines({
        ...lineRules(this.#input),
        batchId,
        inputFileId,
        target,
        name,
        lines,
        budgetUsd,
      });
    } catch (error) {
      return { record: { ...failedStep(this.#input, endOf(error)), ...failureOf(error) }, mayTryAgain: false };
    }
    const sent = uploaded.sent;
    if (lineCount(sent) === 0)
      return { record: this.#recordOf(uploaded, null, uploaded.isCut ? 'cost' : 'completed'), mayTryAgain: false };
    const lived = await this.#live(uploaded).catch(
      (error: unknown): Lived => ({
        end: endOf(error),
        ...failureOf(error),
      }),
    );
    const { end, failure } = lived;
    const record = await CancellationScope.nonCancellable(() => this.#collect(uploaded, end));
    // No room for it, which passes.
    const mayTryAgain = end === 'failed' && failure?.kind === 'rate-limited';
    return { record: { ...record, ...(failure && { failure }) }, mayTryAgain };
  }

  /** From creation to its end. */
  async #live(uploaded: Uploaded): Promise<Lived> {
    const id = await this.#create(uploaded);
    if (id === null) return { end: 'held' };
    this.#providerBatchId = id;
    const seen = await this.#await(uploaded.key, id, this.#leftMs()).catch((error: unknown) => {
      if (isCancellation(error)) return null;
      throw error;
    });
    if (seen?.end && seen.end !== 'stuck') return { ...seen, end: seen.end };
    const end = seen === null ? 'cancelled' : (seen.end ?? 'deadline');
    // What it has done by then is paid for, and can be read once it has ended.
    await CancellationScope.nonCancellable(() => this.#leave(uploaded.key, id));
    return { end };
  }

  /** Null: nobody can know whether one was created, and time is up. */
  async #create(uploaded: Uploaded): Promise<string | null> {
    const { target } = this.#input;
    const { key, uploaded: file, spool, sent } = uploaded;
    const asked = { target, key, uploaded: file, spool, count: lineCount(sent) };
    const created = await createProviderBatch({ ...asked, isNotThere: false });
    if (created.type === 'created') return created.id;
    // The wire has no place for our key: only results tell whose batch it is, and those come at its end.
    for (const id of created.ids) {
      const seen = await this.#await(uploaded.key, id, this.#leftMs());
      if (seen.end === null || seen.end === 'stuck') return null;
      if (await brief.recogniseBatch({ target, key, id })) return id;
    }
    const again = await createProviderBatch({ ...asked, isNotThere: true });
    return again.type === 'created' ? again.id : null;
  }

  async #await(key: string, id: string, timeMs: number): ReturnType<Activities['awaitProviderBatch']> {
    const { target, rules } = this.#input;
    if (timeMs <= 0) return { end: null };
    const { awaitProviderBatch } = proxyActivities<Activities>({
      startToCloseTimeout: '1m',
      // Each look is an attempt: however long it waits, the history grows by none.
      retry: { initialInterval: rules.pollIntervalMs, maximumInterval: rules.pollIntervalMs * 10 },
      cancellationType: 'TRY_CANCEL',
      summary: `batch ${id}`,
    });
    return awaitProviderBatch({ target, key, id, rules, timeMs });
  }

  async #leave(key: string, id: string): Promise<void> {
    const { target } = this.#input;
    try {
      await brief.cancelProviderBatch({ target, id });
      await this.#await(key, id, CANCEL_MS);
    } catch (error) {
      // Read all the same: it may have ended by itself.
      if (!(error instanceof ActivityFailure)) throw error;
    }
  }

  async #collect(uploaded: Uploaded, end: StepEnd): Promise<StepRecord> {
    const { batchId, inputFileId, target } = this.#input;
    const id = this.#providerBatchId;
    if (id === null || end === 'failed') return this.#recordOf(uploaded, null, end);
    const { key, sent } = uploaded;
    const asked = { ...lineRules(this.#input), batchId, inputFileId, target, key, id, lines: sent };
    try {
      const collected = await results.collectResults(asked);
      await brief.removeProviderBatch({ target, id, uploaded: uploaded.uploaded }).catch(() => undefined);
      return this.#recordOf(uploaded, collected, uploaded.isCut && end === 'completed' ? 'cost' : end);
    } catch {
      return this.#recordOf(uploaded, null, 'error');
    }
  }

  #recordOf(
    { refused, rest }: Uploaded,
    collected: Awaited<ReturnType<Activities['collectResults']>> | null,
    end: StepEnd,
  ): StepRecord {
    const base = failedStep(this.#input, end, this.#providerBatchId);
    if (collected === null) return { ...base, failures: refused.failures, outcomes: refused.outcomes };
    return {
      ...base,
      answered: collected.answered,
      rest: mergeLines(rest, collected.rest),
      failures: sumCounts(refused.failures, collected.failures),
      costUsd: collected.costUsd,
      usage: collected.usage,
      outcomes: [...refused.outcomes, ...collected.outcomes],
    };
  }

  #leftMs(): number {
    return this.#input.timeMs - (Date.now() - this.#beganMs);
  }
}

/** Of a provider that stays full: each leaves some twenty events in the history. */
const MOST_TRIES = 50;
/** Providers take up to ten minutes to end a batch that is cancelled. */
const CANCEL_MS = 15 * 60_000;

type Counts = StepRecord['failures'];

function sumCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [kind, count] of Object.entries(b)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}

function endOf(error: unknown): StepEnd {
  if (isCancellation(error)) return 'cancelled';
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  return cause instanceof ApplicationFailure && cause.type === 'unsupported' ? 'unsupported' : 'error';
}

function failureOf(error: unknown): Pick<StepRecord, 'failure'> {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  if (!(cause instanceof ApplicationFailure)) return {};
  const [details] = (cause.details ?? []) as readonly { readonly failure?: StepFailure }[];
  if (!details?.failure) return {};
  const { kind, message, providerMessage } = details.failure;
  return { failure: { kind, message, ...(providerMessage !== undefined && { providerMessage }) } };
}
