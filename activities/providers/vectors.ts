// Whether what came are the vectors of the texts, and how they travel. Knows no vendor.

import type { FailureKind } from '../../src/domain/failure.ts';

type Vectors = readonly (readonly number[])[];

export type VectorVerdict =
  | { readonly type: 'vectors'; readonly vectors: Vectors }
  | { readonly type: 'rejected'; readonly kind: FailureKind; readonly because: string };

/** As many as texts, in their order, of one length, all numbers: half of them, or another text's, is none. */
export function judgeVectors(
  vectors: Vectors,
  expected: {
    readonly count: number;
    /** Null: whatever the model has. */
    readonly dimensions: number | null;
    /** The place of each as the wire names it; null where it names none. */
    readonly order: readonly number[] | null;
  },
): VectorVerdict {
  const { count, dimensions, order } = expected;
  if (vectors.length === 0) return reject('empty', 'there is no vector in it');
  if (vectors.length !== count) return reject('malformed', `${vectors.length} vectors came for ${count} texts`);
  const placed = order === null ? vectors : inOrder(vectors, order);
  if (placed === null) return reject('malformed', 'its vectors do not name each text once');
  const length = dimensions ?? placed[0]?.length ?? 0;
  for (const vector of placed) {
    if (vector.length === 0) return reject('malformed', 'a vector in it is empty');
    if (vector.length !== length) return reject('malformed', `a vector has ${vector.length} dimensions, not ${length}`);
    if (vector.some((value) => !Number.isFinite(Math.fround(value)))) {
      return reject('malformed', 'a vector in it has something else than numbers');
    }
    if (vector.every((value) => value === 0)) return reject('malformed', 'a vector in it is zero in every dimension');
  }
  return { type: 'vectors', vectors: placed };
}

function inOrder(vectors: Vectors, order: readonly number[]): Vectors | null {
  const placed: (readonly number[])[] = [];
  for (const [from, place] of order.entries()) {
    const vector = vectors[from];
    if (vector && Number.isInteger(place) && place >= 0 && place < vectors.length) placed[place] = vector;
  }
  return Object.keys(placed).length === vectors.length ? placed : null;
}

function reject(kind: FailureKind, because: string): VectorVerdict {
  return { type: 'rejected', kind, because };
}

/** Base64 of 32-bit floats, little-endian on every machine. */
export function packed(vectors: Vectors): string {
  const dimensions = vectors[0]?.length ?? 0;
  const bytes = Buffer.alloc(vectors.length * dimensions * FLOAT_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const vector of vectors) {
    for (const value of vector) {
      view.setFloat32(at, value, true);
      at += FLOAT_BYTES;
    }
  }
  return bytes.toString('base64');
}

const FLOAT_BYTES = 4;
