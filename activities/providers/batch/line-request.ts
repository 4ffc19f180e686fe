// What a line's prompt is in the words of a lane's provider: the body of a request that is not streamed.

import type { CallFailure } from '../../../src/domain/failure.ts';
import { capabilitiesOf } from '../../../src/domain/capabilities.ts';
import type { Prompt } from '../../../src/domain/prompt.ts';
import type { Target } from '../../../src/domain/target.ts';
import { capabilityTable } from '../capabilities.ts';
import { NotCalledError } from '../not-called.ts';
import { kindOf, notCalled, sentence } from '../outcome.ts';
import type { PreparedCall } from '../prepare.ts';
import { prepareCall } from '../prepare.ts';
import type { ProviderSettings } from '../registry.ts';
import { vendorOf } from '../registry.ts';
import type { Vendor } from '../vendor.ts';
import { LineModel } from './line-model.ts';

export interface Lane {
  readonly settings: ProviderSettings;
  readonly target: Target;
}

/** Writes one line at a time. */
export interface LineWriter {
  write(prompt: Prompt): Promise<WrittenLine>;
}

type WrittenLine =
  /** `body`: parsed JSON. */
  | { readonly type: 'written'; readonly body: unknown }
  /** The lane cannot take it. */
  | { readonly type: 'failed'; readonly failure: CallFailure };

export async function createLineWriter(lane: Lane): Promise<LineWriter> {
  const { target } = lane;
  const prepared = await prepareLane(lane);
  if ('failure' in prepared) return { write: async () => ({ type: 'failed', failure: prepared.failure }) };
  return {
    async write(prompt) {
      const call = await prepared.prepare(prompt);
      if (call.type === 'failed') return call;
      try {
        return { type: 'written', body: JSON.parse(await prepared.model.bodyOf(call.options)) as unknown };
      } catch (error) {
        if (error instanceof NotCalledError) return { type: 'failed', failure: notCalled(target, error) };
        const kind = kindOf(error);
        if (kind !== 'unsupported') throw error;
        return { type: 'failed', failure: { kind, message: sentence(target, kind) } };
      }
    },
  };
}

/** What all lines of a lane have in common. */
export async function prepareLane({
  settings,
  target,
}: Lane): Promise<PreparedLane | { readonly failure: CallFailure }> {
  const vendor = await vendorOf(settings);
  if (vendor instanceof NotCalledError) return { failure: notCalled(target, vendor) };
  const capabilities = capabilitiesOf(capabilityTable[settings.type], target.model);
  return {
    vendor,
    model: new LineModel({ vendor, settings, model: target.model }),
    prepare: (prompt) => prepareCall({ vendor, target, prompt, capabilities }),
  };
}

export interface PreparedLane {
  readonly vendor: Vendor;
  readonly model: LineModel;
  readonly prepare: (prompt: Prompt) => Promise<PreparedCall>;
}
