// Every metric of ours: its name, labels and buckets, and nothing of when it is counted. The names of calls are those of
// OpenTelemetry's conventions for generative AI, dots as underscores; these are still in development, so they are only here.
// https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md

import { exponentialBuckets } from 'prom-client';

export const label = {
  provider: 'gen_ai_provider_name',
  model: 'gen_ai_request_model',
  operation: 'gen_ai_operation_name',
  tokenType: 'gen_ai_token_type',
  errorType: 'error_type',
} as const;

const targetLabels = [label.provider, label.model] as const;

/** Both as the conventions recommend: 10 ms to 82 s, and 1 token to 67 million. */
const callSeconds = exponentialBuckets(0.01, 2, 14);
const tokens = exponentialBuckets(1, 4, 14);
/** Up to the deadline of somebody who waits (2 min), and on to that of submitted work (1 day). */
const inferenceSeconds = [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 900, 3_600, 21_600, 86_400];
const queueSeconds = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900];

export const definitions = {
  callDuration: {
    name: 'gen_ai_client_operation_duration_seconds',
    help: 'How long attempts at a target took.',
    labelNames: [label.operation, ...targetLabels, label.errorType],
    buckets: callSeconds,
  },
  firstToken: {
    name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
    help: 'How long the first token took.',
    labelNames: [label.operation, ...targetLabels],
    buckets: callSeconds,
  },
  tokens: {
    name: 'gen_ai_client_token_usage',
    help: 'Tokens per attempt, as the provider counted them.',
    labelNames: [label.operation, ...targetLabels, label.tokenType],
    buckets: tokens,
  },
  calls: {
    name: 'holdfast_calls_total',
    help: 'Attempts at a target that have ended.',
    labelNames: [...targetLabels, 'outcome', 'kind'],
  },
  callCost: {
    name: 'holdfast_call_cost_usd_total',
    help: 'What attempts cost, by the prices of their targets.',
    labelNames: targetLabels,
  },
  inferences: {
    name: 'holdfast_inferences_total',
    help: 'Inferences that have ended.',
    labelNames: ['model', 'outcome', 'code'],
  },
  inferenceDuration: {
    name: 'holdfast_inference_duration_seconds',
    help: 'How long inferences took from start to end.',
    labelNames: ['model', 'outcome'],
    buckets: inferenceSeconds,
  },
  inferencesRefused: {
    name: 'holdfast_inferences_refused_total',
    help: 'Inferences that were not accepted.',
    labelNames: ['reason'],
  },
  verdicts: {
    name: 'holdfast_verdicts_total',
    help: 'Verdicts of several models.',
    labelNames: ['model', 'outcome', 'decided_by'],
  },
  votesHeld: {
    name: 'holdfast_votes_held',
    help: 'Votes that wait for a person, of the whole service.',
    labelNames: [],
  },
  hedges: {
    name: 'holdfast_hedges_total',
    help: 'Hedges that were due.',
    labelNames: ['model', 'result'],
  },
  queueWait: {
    name: 'holdfast_queue_wait_seconds',
    help: "How long calls waited for their turn in the provider's rate budget.",
    labelNames: [label.provider],
    buckets: queueSeconds,
  },
  breakerState: {
    name: 'holdfast_breaker_state',
    help: "1 for the state that the target's circuit is in, else 0.",
    labelNames: [...targetLabels, 'state'],
  },
  accountState: {
    name: 'holdfast_account_state',
    help: "1 for the state that the circuit of the provider's account is in, else 0.",
    labelNames: [label.provider, 'state'],
  },
  targetHealth: {
    name: 'holdfast_target_health',
    help: '1 for the health that the target is in, else 0.',
    labelNames: [...targetLabels, 'health'],
  },
  queueDepth: {
    name: 'holdfast_queue_depth',
    help: 'Calls that wait for their turn.',
    labelNames: targetLabels,
  },
  allowance: {
    name: 'holdfast_allowance',
    help: 'Calls in flight that are allowed now.',
    labelNames: targetLabels,
  },
  callsInFlight: {
    name: 'holdfast_calls_in_flight',
    help: 'Calls in flight.',
    labelNames: targetLabels,
  },
  pings: {
    name: 'holdfast_pings_total',
    help: 'Health pings that have ended.',
    labelNames: [...targetLabels, 'outcome'],
  },
  pingDuration: {
    name: 'holdfast_ping_duration_seconds',
    help: 'How long health pings took.',
    labelNames: [...targetLabels, 'outcome'],
    buckets: callSeconds,
  },
  pingCost: {
    name: 'holdfast_ping_cost_usd_total',
    help: 'What health pings cost, by the prices of their targets.',
    labelNames: targetLabels,
  },
  alerts: {
    name: 'holdfast_alerts_total',
    help: 'Alerts that were raised.',
    labelNames: ['type'],
  },
  webhooks: {
    name: 'holdfast_webhook_attempts_total',
    help: 'Attempts at telling a client that its work has ended.',
    labelNames: ['outcome'],
  },
} as const;
