// The port through which the HTTP side sees targets and steers their circuits.

import type { TargetView } from './health.ts';
import type { CommonSettings } from './model-settings.ts';
import type { Target } from './target.ts';

type SteeringOutcome =
  | { readonly type: 'steered' }
  /** Temporal is away, or no worker took it in time: it may still come to pass. */
  | { readonly type: 'unavailable' };

export interface Targets {
  /** Any target of a configured provider. */
  view(name: string): TargetView;
  /** The order in which to try a chain's targets now, as indices; null: as listed. */
  rank(model: CommonSettings): readonly number[] | null;
  /** By index of the target: how long its answers took of late, but for the slowest twentieth; null: not known. */
  recentP95Ms(targets: readonly Target[]): readonly (number | null)[];
  /** `isolate` holds the circuit open until it is restored; `restore` also ends any other break. */
  steer(
    change: 'isolate' | 'restore',
    steering: {
      /** `provider/model` */
      readonly target: string;
      readonly reason?: string;
      /** Name of the API key. */
      readonly by?: string;
    },
  ): Promise<SteeringOutcome>;
}
