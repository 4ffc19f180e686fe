// The activities of a worker, with what they need. The only thing that a worker imports from here.

import type { CallModelInput, CallModelResult } from '../src/domain/call.ts';
import { callModel, type CallLogger } from './call-model.ts';
import type { InFlightCalls } from './in-flight.ts';
import { createProviderConnections } from './providers/exchange.ts';
import type { ProviderSettings } from './providers/registry.ts';

export interface ActivityDeps {
  /** By the provider's name in the configuration. */
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly inFlight: InFlightCalls;
  readonly logger: CallLogger;
}

export interface Activities {
  callModel(input: CallModelInput): Promise<CallModelResult>;
}

export function createActivities(deps: ActivityDeps): Activities {
  const connections = createProviderConnections();
  return { callModel: (input) => callModel({ ...deps, connections }, input) };
}
