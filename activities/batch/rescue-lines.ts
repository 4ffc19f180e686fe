// The activity `rescueLines`: asks lines that no lane has answered in the ordinary way. Each is an inference of its own,
// by an id that follows from batch and line, so that whoever does this again joins what is there and pays for nothing twice.

import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { LineRules, LineOutcome, StepEnd, StepRecord } from '../../src/domain/batch.ts';
import { lineTokens, syncUsd } from '../../src/domain/batch-cost.ts';
import { sumUsage, sumUsd } from '../../src/domain/batch-route.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { Inference } from '../../src/domain/inference.ts';
import type { LineSet } from '../../src/domain/line-set.ts';
import { lineCount, lineSetOf } from '../../src/domain/line-set.ts';
import type { ModelSettings } from '../../src/domain/model-settings.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import { targetName } from '../../src/domain/target.ts';
import type { BatchDeps, BatchLine } from './batch-deps.ts';
import { type InputLine, inPieces, inputLines, readIndex } from './lines.ts';
import { outcomeRow } from './outcome-rows.ts';
import { RescuePace } from './rescue-pace.ts';

export interface RescueLinesInput extends LineRules {
  readonly batchId: string;
  readonly inputFileId: string;
  readonly portion: number;
  readonly lines: LineSet;
  readonly settings: ModelSettings;
  /** At most. */
  readonly concurrency: number;
  /** By the estimates of the lines, then by what they have cost; null: no limit. */
  readonly budgetUsd: number | null;
  /** From the first attempt: what has no answer then fails. */
  readonly timeMs: number;
  readonly owner: string | null;
  readonly configHash: string;
}

export async function rescueLines(deps: BatchDeps, input: RescueLinesInput): Promise<StepRecord> {
  const index = await readIndex(deps.blobs, input.batchId);
  const lines = inputLines(deps.files, { fileId: input.inputFileId, index, lines: input.lines });
  return new Rescue(deps, input).run(lines);
}

interface Asked extends BatchLine {
  readonly line: number;
}

class Rescue {
  readonly #deps: BatchDeps;
  readonly #input: RescueLinesInput;
  readonly #context = Context.current();
  readonly #outcomes: LineOutcome[] = [];
  readonly #pace: RescuePace;
  #reservedUsd = 0;
  #end: StepEnd = 'completed';

  constructor(deps: BatchDeps, input: RescueLinesInput) {
    this.#deps = deps;
    this.#input = input;
    const targets = input.settings.targets.map(targetName);
    // One of them is enough: the chain finds it.
    const waitMs = () => Math.min(...targets.map((target) => deps.queue.waitMs(target)));
    this.#pace = new RescuePace({ most: input.concurrency, waitMs });
  }

  async run(lines: AsyncGenerator<InputLine>): Promise<StepRecord> {
    const heartbeats = setInterval(() => this.#context.heartbeat({ done: this.#outcomes.length }), HEARTBEAT_MS);
    // Every line that is waited for listens to it.
    setMaxListeners(0, this.#context.cancellationSignal);
    try {
      await Promise.all(Array.from({ length: this.#input.concurrency }, () => this.#work(lines)));
    } finally {
      clearInterval(heartbeats);
      await lines.return(undefined);
    }
    return this.#record();
  }

  /** Async generators hand out one line at a time, whoever asks. */
  async #work(lines: AsyncGenerator<InputLine>): Promise<void> {
    for (;;) {
      if (!this.#mayGoOn()) return;
      if (!this.#pace.enter()) {
        await this.#pace.changed();
        continue;
      }
      try {
        const next = await lines.next();
        if (next.done) return;
        const { line, text } = next.value;
        await this.#ask({ line, ...this.#deps.readPlannedLine(text, this.#input) });
      } finally {
        this.#pace.leave();
      }
    }
  }

  #mayGoOn(): boolean {
    if (this.#context.cancellationSignal.aborted) this.#end = 'cancelled';
    else if (this.#leftMs() <= 0) this.#end = 'deadline';
    return this.#end === 'completed';
  }

  async #ask(asked: Asked): Promise<void> {
    const [target] = this.#input.settings.targets;
    const estimateUsd = target ? syncUsd(lineTokens(asked.prompt), target) : null;
    if (!this.#reserve(estimateUsd)) return;
    const id = this.#idOf(asked.line);
    const started = await this.#start(id, asked.prompt);
    const ended = started && (started.endedAt ? started : await this.#ended(started));
    if (!ended) return;
    const outcome = this.#outcomeOf(asked, ended);
    this.#reservedUsd += (outcome.costUsd ?? estimateUsd ?? 0) - (estimateUsd ?? 0);
    this.#outcomes.push(outcome);
  }

  #reserve(usd: number | null): boolean {
    const { budgetUsd } = this.#input;
    if (budgetUsd === null || usd === null) return true;
    if (this.#reservedUsd + usd > budgetUsd * (1 + 1e-9)) {
      this.#end = 'cost';
      return false;
    }
    this.#reservedUsd += usd;
    return true;
  }

  /** Null: there is none, since this rescue has ended. */
  async #start(id: string, prompt: Prompt): Promise<Inference | null> {
    const { batchId, model, settings, configHash, owner } = this.#input;
    const { inferences } = this.#deps;
    if (this.#context.info.attempt > 1) {
      // One that has failed is not asked again: it had all the time there was.
      const known = await inferences.get(id);
      if (known.type === 'found') return known.inference;
    }
    for (;;) {
      const deadlineMs = Math.max(1_000, Math.floor(this.#leftMs()));
      const outcome = await inferences.start({
        identity: { type: 'keyed', id },
        input: { model, settings, prompt, deadlineMs, onExhausted: 'wait', configHash },
        memo: { owner, model, deadlineMs, metadata: { batch: batchId }, fingerprint: id, isDetached: true },
        // Nobody waits for it on the line.
        priority: 5,
        onId: () => undefined,
      });
      if (outcome.type === 'started' || outcome.type === 'joined') return outcome.inference;
      if (outcome.type === 'conflict') throw new Error('The id of a rescued line belongs to something else.');
      if (!this.#mayGoOn()) return null;
      await pause(AWAY_MS);
    }
  }

  /** Null: it has not ended in time, or nobody wants it any more. */
  async #ended(started: Inference): Promise<Inference | null> {
    const { inferences } = this.#deps;
    const { cancellationSignal: signal } = this.#context;
    const { id } = started;
    while (!signal.aborted && this.#leftMs() > -OVERTIME_MS) {
      const outcome = await inferences.wait(id, { timeoutMs: WAIT_MS, signal, from: started });
      if (outcome.type === 'found') return outcome.inference;
      if (outcome.type === 'unavailable') await pause(AWAY_MS);
    }
    this.#mayGoOn();
    await inferences.cancel(id);
    const last = await inferences.wait(id, { timeoutMs: OVERTIME_MS });
    return last.type === 'found' ? last.inference : null;
  }

  #outcomeOf({ line, customId, render }: Asked, { result, failure, calls, status, id }: Inference): LineOutcome {
    const costUsd = sumUsd(calls.map((call) => call.costUsd));
    if (result) {
      const { answer, target } = result;
      const createdAt = new Date().toISOString();
      const body = render({ id, createdAt, answer, target });
      return { line, customId, target: target ?? this.#input.model, costUsd, body };
    }
    const last = calls.at(-1);
    const kind: FailureKind = failure?.cause?.kind ?? last?.kind ?? (status === 'cancelled' ? 'cancelled' : 'unknown');
    const words = failure?.cause?.providerMessage;
    const message = failure?.message ?? `The inference ${id} was ${status}.`;
    const target = last?.target ?? this.#input.model;
    return { line, customId, target, costUsd, kind, message, ...(words !== undefined && { providerMessage: words }) };
  }

  async #record(): Promise<StepRecord> {
    const { batchId, portion, lines } = this.#input;
    const outcomes = this.#outcomes.sort((a, b) => a.line - b.line);
    const key = `${batchId}.p${portion}.rescue`;
    await this.#deps.blobs.write(key, inPieces(outcomes.map((outcome) => outcomeRow(batchId, outcome))));
    const answered = new Set(outcomes.flatMap((outcome) => ('kind' in outcome ? [] : [outcome.line])));
    const failures: Partial<Record<FailureKind, number>> = {};
    for (const outcome of outcomes) {
      if ('kind' in outcome) failures[outcome.kind] = (failures[outcome.kind] ?? 0) + 1;
    }
    const rest = lines.flatMap(([from, to]) =>
      Array.from({ length: to - from }, (_, place) => from + place).filter((line) => !answered.has(line)),
    );
    return {
      portion,
      lane: null,
      target: null,
      providerBatchId: null,
      end: this.#end,
      lines: lineCount(lines),
      answered: answered.size,
      rest: lineSetOf(rest),
      failures,
      costUsd: sumUsd(outcomes.map(({ costUsd }) => costUsd)),
      usage: sumUsage([]),
      outcomes: [key],
    };
  }

  /** A later attempt has what the first one has left. */
  #leftMs(): number {
    return this.#input.timeMs - (Date.now() - this.#context.info.scheduledTimestampMs);
  }

  #idOf(line: number): string {
    const hash = createHash('sha256').update(`${this.#input.batchId} ${line}`).digest('hex');
    return `inf-${hash}`;
  }
}

const HEARTBEAT_MS = 5_000;
/** A round of the long poll; then the clock is looked at. */
const WAIT_MS = 30_000;
/** An inference fails by its own deadline; so much later it is taken for lost. */
const OVERTIME_MS = 15_000;
const AWAY_MS = 1_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
