// What the accounts of the simulated providers have: files and batches, of all wires. Knows no wire's shapes.

import { randomBytes } from 'node:crypto';
import type { Wire } from '../simulator.ts';
import { BatchRules } from './batch-rules.ts';
import type { BatchOrder } from './simulated-batch.ts';
import { SimulatedBatch } from './simulated-batch.ts';
import { Spool, type SpooledFile } from './spool.ts';

export interface Owner {
  readonly account: string;
  readonly wire: Wire;
}

/** A file that a client has sent. */
export interface SentFile extends Owner {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly createdAtMs: number;
  readonly content: SpooledFile;
}

interface Upload {
  readonly name: string;
  readonly displayName: string;
  readonly content: SpooledFile;
}

export type NewBatch = Omit<BatchOrder, 'createdAtMs' | 'durationMs' | 'faults'>;

export class BatchDesk {
  readonly rules = new BatchRules();
  readonly spool = new Spool();
  readonly #batchMs: number;
  #files: SentFile[] = [];
  #batches: SimulatedBatch[] = [];
  readonly #uploads = new Map<string, Upload>();
  /** Files of results, which are never made before they are read. */
  readonly #removedResults = new Set<string>();
  /** Of all accounts, also those that a client has removed. */
  readonly everCreated: SimulatedBatch[] = [];

  constructor(batchMs: number) {
    this.#batchMs = batchMs;
  }

  /** Of a file that comes in pieces. */
  startUpload(file: { readonly name: string; readonly displayName: string }): string {
    const id = newId('');
    this.#uploads.set(id, { ...file, content: this.spool.open() });
    return id;
  }

  upload(id: string): Upload | null {
    return this.#uploads.get(id) ?? null;
  }

  endUpload(id: string): void {
    this.#uploads.delete(id);
  }

  keep(file: Omit<SentFile, 'createdAtMs'>): SentFile {
    const kept = { ...file, createdAtMs: Date.now() };
    this.#files.unshift(kept);
    return kept;
  }

  /** Newest first. */
  files(owner: Owner): readonly SentFile[] {
    return this.#files.filter((file) => isOf(file, owner));
  }

  file(owner: Owner, id: string): SentFile | null {
    return this.files(owner).find((file) => file.id === id) ?? null;
  }

  /** Its bytes stay: a batch may still be reading them. */
  removeFile(file: SentFile): void {
    this.#files = this.#files.filter((other) => other !== file);
  }

  removeResult(id: string): void {
    this.#removedResults.add(id);
  }

  isRemoved(id: string): boolean {
    return this.#removedResults.has(id);
  }

  create(batch: NewBatch): SimulatedBatch {
    const faults = this.rules.forBatch(batch);
    const durationMs = faults.slow?.ms ?? this.#batchMs;
    const created = new SimulatedBatch({ ...batch, createdAtMs: Date.now(), durationMs, faults });
    this.#batches.unshift(created);
    this.everCreated.push(created);
    return created;
  }

  /** Newest first. */
  batches(owner: Owner): readonly SimulatedBatch[] {
    return this.#batches.filter(({ order }) => isOf(order, owner));
  }

  batch(owner: Owner, id: string): SimulatedBatch | null {
    return this.batches(owner).find(({ order }) => order.id === id) ?? null;
  }

  removeBatch(batch: SimulatedBatch): void {
    this.#batches = this.#batches.filter((other) => other !== batch);
  }

  clear(): void {
    this.rules.clear();
    this.#files = [];
    this.#batches = [];
    this.everCreated.length = 0;
    this.#removedResults.clear();
    this.#uploads.clear();
    this.spool.clear();
  }
}

export function newId(prefix: string): string {
  return `${prefix}${randomBytes(12).toString('hex')}`;
}

function isOf(thing: Owner, { account, wire }: Owner): boolean {
  return thing.account === account && thing.wire === wire;
}
