// A lane as its provider is configured here, and what becomes of its errors.

import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { StepFailure } from '../../src/domain/batch.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import { failureTable } from '../../src/domain/failure.ts';
import type { Target } from '../../src/domain/target.ts';
import { targetName } from '../../src/domain/target.ts';
import type { BatchConnection, BatchLook } from '../providers/batch/lane.ts';
import { batchFailure, rejectedBatch } from '../providers/batch/failure.ts';
import { fetchOver } from '../providers/batch/fetch.ts';
import { addressOf, batchVendorOf, loadVendor } from '../providers/registry.ts';
import type { BatchDeps } from './batch-deps.ts';

/** Throws what ends the activity for good when the provider has no batches, or is not configured here. */
export async function connectLane({ providers, connections }: BatchDeps, target: Target): Promise<BatchConnection> {
  const settings = providers.get(target.provider);
  const baseUrl = settings && addressOf(settings);
  if (!settings || !baseUrl) {
    throw laneFailure(notConfigured(target));
  }
  const vendor = await batchVendorOf(settings);
  if (!vendor) throw laneFailure({ kind: 'unsupported', message: `${targetName(target)} has no batches.` });
  const signal = Context.current().cancellationSignal;
  const { model } = target;
  const connection = vendor.connect({ settings, baseUrl, model, fetch: fetchOver(connections), signal });
  const sync = await loadVendor(settings.type);
  return guarded(connection, (error) => laneFailure(batchFailure(error, { vendor: sync, target, signal })));
}

/** What it means that the provider has rejected a batch as a whole. */
export async function rejectionOf({ providers }: BatchDeps, target: Target, look: BatchLook): Promise<StepFailure> {
  const settings = providers.get(target.provider);
  if (!settings) return notConfigured(target);
  const { kind, message, providerMessage } = rejectedBatch(look, { vendor: await loadVendor(settings.type), target });
  return { kind, message, ...(providerMessage !== undefined && { providerMessage }) };
}

function notConfigured(target: Target): CallFailure {
  return { kind: 'not-configured', message: `${targetName(target)} is not configured at this worker.` };
}

/** As Temporal is told of it: its type is the kind, and the failure table says whether another try may help. */
function laneFailure(failure: CallFailure): ApplicationFailure {
  const { kind, message, retryAfterMs, isRetryable = true } = failure;
  const { canPass, ends } = failureTable[kind];
  return ApplicationFailure.create({
    type: kind,
    message,
    // What ends a whole chain or provider now does not get better within minutes.
    nonRetryable: !isRetryable || (!canPass && kind !== 'unknown') || ends === 'provider',
    ...(retryAfterMs !== undefined && { nextRetryDelay: Math.max(1, retryAfterMs) }),
    details: [{ failure }],
    // Expected, and logged by us: the SDK would log the details too, in which the provider's words are.
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** The same connection, whose errors mean something. */
function guarded(connection: BatchConnection, failureOf: (error: unknown) => unknown): BatchConnection {
  const guard = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) => {
    return (...args: Args) =>
      call(...args).catch((error: unknown) => {
        throw failureOf(error);
      });
  };
  return {
    encode: (line) => connection.encode(line),
    upload: guard((input) => connection.upload(input)),
    create: guard((input) => connection.create(input)),
    find: guard((input) => connection.find(input)),
    look: guard((id) => connection.look(id)),
    async *results(id) {
      try {
        yield* connection.results(id);
      } catch (error) {
        throw failureOf(error);
      }
    },
    cancel: guard((id) => connection.cancel(id)),
    remove: guard((id, uploaded) => connection.remove(id, uploaded)),
  };
}
