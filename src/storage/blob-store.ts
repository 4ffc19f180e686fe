// Where large and long-lived bytes lie: payloads that are too big for Temporal. The shape every store has.

/** 4 to 200 lower-case letters, digits, dots, dashes and underscores, the first a letter or digit. */
export type BlobKey = string;

export interface BlobStore {
  /** Settles when the bytes would survive a crash of the machine. A key always stands for the same bytes. */
  put(key: BlobKey, bytes: Uint8Array): Promise<void>;
  /** Null when there is no such blob. */
  get(key: BlobKey): Promise<Uint8Array | null>;
  /** Does nothing when there is no such blob. */
  delete(key: BlobKey): Promise<void>;
}

/** Throws on a key that might not be safe as a file's or an object's name. */
export function assertBlobKey(key: BlobKey): void {
  if (!BLOB_KEY.test(key)) throw new RangeError('A blob was asked for by a key that is no safe name.');
}

const BLOB_KEY = /^[a-z0-9][a-z0-9._-]{3,199}$/;
