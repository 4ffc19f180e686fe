// The activities of a worker, with what they need. The only thing that a worker imports from here.

import type { AwaitTargetInput, CallModelInput, CallModelResult, CallResult, EmbedInput } from '../src/domain/call.ts';
import type { Embedded } from '../src/domain/embeddings.ts';
import type { Alert } from '../src/domain/health.ts';
import type { BatchDeps } from './batch/batch-deps.ts';
import { batchActivities } from './batch/batch-activities.ts';
import type { BatchActivities } from './batch/batch-activities.ts';
import type { DocumentDeps } from './documents/document-deps.ts';
import type { DocumentActivities } from './documents/document-activities.ts';
import { documentActivities } from './documents/document-activities.ts';
import { awaitTarget } from './await-target.ts';
import type { CallModelDeps } from './call-model.ts';
import { callModel } from './call-model.ts';
import type { CheckAnswerInput } from './check-answer.ts';
import { checkAnswer } from './check-answer.ts';
import { embed } from './embed.ts';
import type { PingDeps } from './ping-targets.ts';
import { pingTargets } from './ping-targets.ts';
import { createProviderConnections } from './providers/exchange.ts';
import { sendAlert } from './send-alert.ts';
import type { WebhookEvent, WebhookSettings } from '../src/domain/webhook.ts';
import type { ParkedInferences, WakeParkedInput } from './wake-parked.ts';
import { wakeParked } from './wake-parked.ts';
import { createWebhookConnections } from './webhooks/connections.ts';
import type { WebhookOutcome } from './webhooks/send-webhook.ts';
import { sendWebhook } from './webhooks/send-webhook.ts';

export type ActivityDeps = Omit<CallModelDeps & PingDeps & BatchDeps & DocumentDeps, 'connections'> & {
  readonly parked: ParkedInferences;
  /** Where alerts are posted; null: nowhere. */
  readonly webhook: string | null;
  /** Those of clients. */
  readonly webhooks: WebhookSettings;
  readonly onWebhook: (outcome: WebhookOutcome) => void;
};

export interface Activities extends BatchActivities, DocumentActivities {
  callModel(input: CallModelInput): Promise<CallModelResult>;
  embed(input: EmbedInput): Promise<CallResult<Embedded>>;
  awaitTarget(input: AwaitTargetInput): Promise<readonly number[] | null>;
  checkAnswer(input: CheckAnswerInput): Promise<string | null>;
  pingTargets(input: { readonly forMs: number }): Promise<void>;
  wakeParked(input: WakeParkedInput): Promise<void>;
  sendAlert(alert: Alert): Promise<void>;
  sendWebhook(event: WebhookEvent): Promise<void>;
}

export function createActivities(deps: ActivityDeps): Activities {
  const connections = createProviderConnections();
  const webhooks = {
    settings: deps.webhooks,
    connections: createWebhookConnections(deps.webhooks),
    onAttempt: deps.onWebhook,
  };
  return {
    callModel: (input) => callModel({ ...deps, connections }, input),
    embed: (input) => embed({ ...deps, connections }, input),
    awaitTarget: (input) => awaitTarget(deps.health, input),
    checkAnswer,
    pingTargets: (input) => pingTargets({ ...deps, connections }, input),
    wakeParked: (input) => wakeParked(deps.parked, input),
    ...documentActivities(deps),
    ...batchActivities({ ...deps, connections }),
    sendAlert: (alert) => sendAlert({ url: deps.webhook, connections }, alert),
    sendWebhook: (event) => sendWebhook(webhooks, event),
  };
}
