// The targets of a strategy that tries them in an order: that of the route at first, then as each recovery has it.

import type { CommonInput, InferenceInput } from '../src/domain/inference.ts';
import { listedOrder, routeOf } from '../src/domain/route.ts';
import type { ModelSettings } from '../src/domain/model-settings.ts';
import type { Target } from '../src/domain/target.ts';
import type { InferenceRun } from './inference-run.ts';

export class OrderedTargets<
  Settings extends ModelSettings,
  Input extends CommonInput<Settings> = InferenceInput<Settings>,
> {
  protected readonly run: InferenceRun<Settings, Input>;
  /** Indices of the targets, as the current round tries them. */
  protected order: readonly number[];

  constructor(run: InferenceRun<Settings, Input>) {
    const { input } = run;
    this.run = run;
    this.order = input.carried ? listedOrder(input.settings.targets) : routeOf(input);
  }

  get awaited(): readonly Target[] {
    return this.run.input.settings.targets;
  }

  onResumed(order: readonly number[]): void {
    this.order = order;
  }
}
