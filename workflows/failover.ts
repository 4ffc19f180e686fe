// Workflow Type `failover`: one inference, served by a chain of targets.

import type { InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import type { FailoverSettings } from '../src/domain/model-settings.ts';
import { targetName } from '../src/domain/target.ts';
import { tryChain } from './chain.ts';
import type { RoundOutcome, Strategy } from './inference-run.ts';
import { runInference } from './inference-run.ts';
import { OrderedTargets } from './ordered-targets.ts';
import { refusalOf } from './refusal.ts';
import { showServing } from './search-state.ts';

export function failover(input: InferenceInput<FailoverSettings>): Promise<InferenceResult> {
  return runInference(input, (run) => new Failover(run));
}

class Failover extends OrderedTargets<FailoverSettings> implements Strategy {
  async playRound(): Promise<RoundOutcome> {
    const run = this.run;
    const { targets } = run.input.settings;
    const outcome = await tryChain(run, {
      targets,
      order: this.order,
      leftMs: () => run.clock.leftMs(),
      part: (index) => `target ${index + 1} of ${targets.length}`,
      onCall: (target, failed) => {
        if (failed.length > 0) showServing(targetName(target));
      },
    });
    if (outcome.type !== 'answered') return refusalOf(run, outcome) ?? outcome;
    const { answer, target } = outcome;
    return { type: 'answered', result: { answer, target: targetName(target) } };
  }
}
