// Workflow Type `embeddings`: texts become vectors, call by call, at targets of one and the same model. What a call has
// given is kept, whatever becomes of the next. Only sequences: which targets these are was settled before the start.

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

interface Given {
  readonly embeddings: readonly Embedded[];
}

class Embeddings extends OrderedTargets<FailoverSettings, EmbeddingsInput> implements Strategy<Given> {
  /** By number of the call. */
  readonly #embedded = new Map<number, Embedded>(
    this.run.input.carried?.embedded?.flatMap((embedded, call) => (embedded ? [[call, embedded] as const] : [])),
  );
  #target: string | null = null;

  /** Asks for what is missing, one call after the other: the targets that fail one are behind the others for the next. */
  async playRound(): Promise<RoundOutcome<Given>> {
    const { callSizes } = this.run.input.embedding;
    for (const call of callSizes.keys()) {
      if (this.#embedded.has(call)) continue;
      const outcome = await this.#tryCall(call);
      if (outcome.type !== 'answered') return outcome;
      this.#embedded.set(call, outcome.answer);
      this.#target = targetName(outcome.target);
      const server = this.run.input.settings.targets.indexOf(outcome.target);
      this.order = [server, ...this.order.filter((index) => index !== server)];
    }
    const given = callSizes.flatMap((_, call) => this.#embedded.get(call) ?? []);
    return { type: 'answered', result: { embeddings: given, target: this.#target } };
  }

  carried() {
    const { callSizes } = this.run.input.embedding;
    return { embedded: callSizes.map((_, call) => this.#embedded.get(call) ?? null) };
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
    return ({ embed }, { target, attemptTimeoutMs, maxAttempts, chain, news, line }) =>
      embed({
        target,
        attemptTimeoutMs,
        maxAttempts,
        ...(chain && { chain }),
        ...(news && { news }),
        ...(line && { line }),
        ...asked,
      });
  }
}
