// Files as OpenAI's API has them: content in the blob store, and what is known of it beside. Ports for those who use them.

export type FilePurpose = 'batch' | 'batch_output' | 'user_data';

export interface StoredFile {
  /** `file-` and 26 or more digits and lower-case letters; sorts by time. */
  readonly id: string;
  readonly purpose: FilePurpose;
  readonly filename: string;
  readonly bytes: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Name of the API key; null when there is no authentication. */
  readonly owner: string | null;
}

/** Bytes are never held as a whole: they go through in pieces. */
export interface Files {
  /**
   * Settles when the file would survive a crash of the machine. `facts` is asked once all of `content` has been taken; an
   * error of either leaves nothing behind. `id`: replaces what is there. @default a new one
   */
  create(input: {
    readonly content: AsyncIterable<Uint8Array>;
    readonly facts: () => Pick<StoredFile, 'purpose' | 'filename' | 'owner'>;
    readonly id?: string;
  }): Promise<StoredFile>;
  /** Null when there is none. */
  find(id: string): Promise<StoredFile | null>;
  /** From byte `start`, up to the one before `end`. @default the whole. Null when there is none. */
  read(id: string, range?: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array> | null>;
  /** Newest first. */
  list(): Promise<readonly StoredFile[]>;
  delete(id: string): Promise<void>;
}
