// Where large and long-lived bytes lie: payloads that are too big for Temporal, files, and what batches record. The shape
// every store has.

/** 4 to 200 lower-case letters, digits, dots, dashes and underscores, the first a letter or digit. */
export type BlobKey = string;

export interface BlobStore {
  /** Settles when the bytes would survive a crash of the machine. The key is that of these bytes only. */
  put(key: BlobKey, bytes: Uint8Array): Promise<void>;
  /** Null when there is no such blob. */
  get(key: BlobKey): Promise<Uint8Array | null>;
  /**
   * Takes the bytes as they come, and replaces what was there when the last one has: an error of `content` changes
   * nothing. Settles with their number, when they would survive a crash of the machine.
   */
  write(key: BlobKey, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
  /** In pieces; from byte `start`, up to the one before `end`. @default the whole. Null when there is no such blob. */
  read(key: BlobKey, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null>;
  /** Those whose keys begin so, by key; the prefix has four letters at least. */
  list(prefix: string): Promise<readonly StoredBlob[]>;
  /** Does nothing when there is no such blob. */
  delete(key: BlobKey): Promise<void>;
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredBlob {
  readonly key: BlobKey;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
}

/** Throws on a key that might not be safe as a file's or an object's name. */
export function assertBlobKey(key: BlobKey): void {
  if (!BLOB_KEY.test(key)) throw new RangeError('A blob was asked for by a key that is no safe name.');
}

const BLOB_KEY = /^[a-z0-9][a-z0-9._-]{3,199}$/;
