// Workflow Type `embeddings`: texts become vectors, call by call, at targets of one and the same model. What a call has
// given is kept, whatever becomes of the others. Only sequences: which targets these are was settled before the start.

import type { Embedded } from '../src/domain/embeddings.ts';
import { callRange } from '../src/domain/embeddings.ts';
import type { EmbeddingsInput, EmbeddingsResult } from '../src/domain/inference.ts';
import type { FailoverSettings } from '../src/domain/model-settings.ts';
import { targetName } from '../src/domain/target.ts';
import type { Ask } from './call-target.ts';
import type { ChainOutcome } from './chain.ts';
import { tryTargets } from './chain.ts';
import type { RoundOutcome, Strategy } from './inference-run.ts';
import { runInference } from './inference-run.ts';
import { OrderedTargets } from './ordered-targets.ts';
import { showServing } from './search-state.ts';

export function embeddings(input: EmbeddingsInput): Promise<EmbeddingsResult> {
  return runInference(input, (run) => new Embeddings(run));
}

/** Enough to hide what each takes to be answered; a provider's own limits are kept by the queue of calls. */
const CALLS_AT_ONCE = 4;

type Failed = Exclude<ChainOutcome<Embedded>, { type: 'answered' }>;

interface Given {
  readonly embeddings: readonly Embedded[];
}

class Embeddings extends OrderedTargets<FailoverSettings, EmbeddingsInput> implements Strategy<Given> {
  /** By number of the call. */
  readonly #embedded = new Map<number, Embedded>(
    this.run.input.carried?.embedded?.flatMap((embedded, call) => (embedded ? [[call, embedded] as const] : [])),
  );
  #target: string | null = null;

  /** Asks for what is missing, a few calls at a time: who has served is asked first for the next ones. */
  async playRound(): Promise<RoundOutcome<Given>> {
    const { callSizes } = this.run.input.embedding;
    const missing = [...callSizes.keys()].filter((call) => !this.#embedded.has(call));
    while (missing.length > 0) {
      // The first one alone: it tells how long the vectors are, and who serves.
      const calls = missing.splice(0, this.#embedded.size === 0 ? 1 : CALLS_AT_ONCE);
      const failed = await this.#tryCalls(calls);
      if (failed) return failed;
    }
    const given = callSizes.flatMap((_, call) => this.#embedded.get(call) ?? []);
    return { type: 'answered', result: { embeddings: given, target: this.#target } };
  }

  carried() {
    const { callSizes } = this.run.input.embedding;
    return { embedded: callSizes.map((_, call) => this.#embedded.get(call) ?? null) };
  }

  /** All of them, so that each leaves its records and what it has given; then the first that has failed, if any. */
  async #tryCalls(calls: readonly number[]): Promise<Failed | null> {
    const ends = await Promise.allSettled(calls.map((call) => this.#tryCall(call)));
    let failed: Failed | null = null;
    for (const [place, end] of ends.entries()) {
      if (end.status === 'rejected') throw end.reason;
      const outcome = end.value;
      if (outcome.type === 'answered') this.#keep(calls[place] ?? 0, outcome);
      else failed ??= outcome;
    }
    return failed;
  }

  #keep(call: number, { answer, target }: Extract<ChainOutcome<Embedded>, { type: 'answered' }>): void {
    this.#embedded.set(call, answer);
    this.#target = targetName(target);
    const server = this.run.input.settings.targets.indexOf(target);
    this.order = [server, ...this.order.filter((index) => index !== server)];
  }

  #tryCall(call: number): Promise<ChainOutcome<Embedded>> {
    const run = this.run;
    const { settings, embedding } = run.input;
    const { targets } = settings;
    const names = targets.map(targetName);
    const ask = this.#ask(call);
    const { length } = embedding.callSizes;
    return tryTargets(settings, {
      targets,
      order: this.order,
      leftMs: () => run.clock.leftMs(),
      onCall: (target, failed) => {
        if (failed.length > 0) showServing(targetName(target));
      },
      call: (target, { index, timeMs }) => {
        const part = `call ${call + 1} of ${length}, target ${index + 1} of ${targets.length}`;
        return run.call({ target, chain: names, ask, timeMs, part });
      },
    });
  }

  #ask(call: number): Ask<Embedded> {
    const { texts, callSizes, dimensions, user } = this.run.input.embedding;
    const [earlier] = this.#embedded.values();
    const asked = {
      texts: texts.slice(...callRange(callSizes, call)),
      ...(dimensions !== undefined && { dimensions }),
      ...(earlier && { expectedDimensions: earlier.dimensions }),
      ...(user !== undefined && { user }),
    };
    return (activities, { target, attemptTimeoutMs, maxAttempts, chain, news, line, traceparent }) =>
      activities.embed({
        target,
        attemptTimeoutMs,
        maxAttempts,
        ...(chain && { chain }),
        ...(news && { news }),
        ...(line && { line }),
        ...(traceparent && { traceparent }),
        ...asked,
      });
  }
}
