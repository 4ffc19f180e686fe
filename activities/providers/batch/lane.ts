// What a vendor's file has to tell of its batches: how they are sent, found again, looked at and read. Interfaces only.
// The official SDKs speak the wire, with `maxRetries: 0`: Temporal is the only retry loop.

import type { ProviderSettings } from '../registry.ts';

/** The batches of one vendor. Errors are thrown as the SDK has them; `batchFailure` says what they mean. */
export interface BatchVendor {
  connect(access: BatchAccess): BatchConnection;
}

export interface BatchAccess {
  readonly settings: ProviderSettings;
  readonly baseUrl: string;
  readonly model: string;
  /** Makes exactly one request, over the pool of connections of this worker. */
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
}

export interface BatchConnection {
  /** One line of what is sent: `body` as the vendor's own API takes it. Ends without a line break. */
  encode(line: { readonly id: string; readonly body: unknown }): string;
  /**
   * Brings the lines, encoded, one each, to the provider where it takes files; `path` is a file on this machine.
   * What is returned goes into `create`, and into a history: small, and without secrets.
   */
  upload(input: { readonly key: string; readonly path: string }): Promise<UploadedLines>;
  /** `path`: the same file, where `upload` returned `inline`. Our key goes where `find` can see it. */
  create(input: {
    readonly key: string;
    readonly uploaded: UploadedLines;
    readonly path: string | null;
    readonly count: number;
  }): Promise<string>;
  /**
   * Batches that may be the one of this key, newest first. `certain`: the key says so. `possible`: the wire has no place
   * for a key, and only results tell, by the ids of their lines. What was uploaded tells as well as a key, as it is ours.
   */
  find(input: {
    readonly key: string;
    readonly uploaded: UploadedLines;
    readonly sinceMs: number;
    readonly count: number;
  }): Promise<FoundBatches>;
  look(id: string): Promise<BatchLook>;
  /** Whatever there is of a batch that has ended, in any order and in groups, as they come. */
  results(id: string): AsyncIterable<readonly LaneResult[]>;
  /** Does nothing to one that has ended. */
  cancel(id: string): Promise<void>;
  /** What lies at the provider of a batch that has been read: its files. Nothing when there is nothing to remove. */
  remove(id: string, uploaded: UploadedLines): Promise<void>;
}

export type UploadedLines = { readonly type: 'file'; readonly fileId: string } | { readonly type: 'inline' };

interface FoundBatches {
  readonly certain: readonly string[];
  readonly possible: readonly string[];
}

export interface BatchLook {
  /** `ended`: nothing more will come; what there is can be read. */
  readonly state: 'waiting' | 'running' | 'ended';
  /** Of one that has ended; null before. */
  readonly end: 'completed' | 'failed' | 'expired' | 'cancelled' | null;
  /** Lines that are done, answered or not, as far as the provider tells; null: it does not. */
  readonly done: number | null;
  /** Why the batch as a whole failed, in the provider's words. */
  readonly words: readonly string[];
  /** The provider's own code of that, such as `token_limit_exceeded`. */
  readonly code: string | null;
}

export type LaneResult =
  /** `body`: the provider's answer to the line, as its API gives it without streaming. */
  | { readonly type: 'answer'; readonly id: string; readonly body: unknown; readonly requestId: string | null }
  /** An error of the line's own: as the provider's API would have answered. */
  | { readonly type: 'error'; readonly id: string; readonly status: number | null; readonly body: unknown }
  | { readonly type: 'expired' | 'cancelled'; readonly id: string };
