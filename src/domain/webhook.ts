// What a client is told when work that it has submitted has ended: facts only, never a prompt and never an answer.
// These shapes are recorded in histories: fields may be added, never renamed or given another meaning.

export type WebhookType =
  | 'inference.succeeded'
  | 'inference.failed'
  | 'inference.cancelled'
  | 'batch.completed'
  | 'batch.failed'
  | 'batch.expired'
  | 'batch.cancelled'
  | 'analysis.completed'
  | 'analysis.failed'
  | 'analysis.expired'
  | 'analysis.cancelled';

/** The argument of the workflow `webhook`. */
export interface WebhookEvent {
  /** The same however often it is sent: receivers know repetitions by it. */
  readonly messageId: string;
  /** Its path or its query may be a secret of the client's: not for logs and messages. */
  readonly url: string;
  readonly type: WebhookType;
  /** When the work ended. */
  readonly atMs: number;
  readonly data: WebhookData;
}

/** As it goes over the wire, in snake_case. */
export interface WebhookData {
  /** Of the inference, the batch or the analysis. */
  readonly id: string;
  readonly [fact: string]: string | number | null;
}

/** From the configuration. */
export interface WebhookSettings {
  /** Signs what is sent: `whsec_` and base64. Null: no webhooks. */
  readonly secret: string | null;
  /** Addresses of this machine and of private networks may be posted to. */
  readonly allowPrivate: boolean;
}

/** Each delay is twice the one before it. */
export const WEBHOOK_RETRY = { initialMs: 1_000, maximumMs: 60 * 60_000, forMs: 3 * 24 * 60 * 60_000 };
