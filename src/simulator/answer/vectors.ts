// The vectors that a simulated model gives. Deterministic: told by the model and the text alone, of length one, and so
// the same at every account that serves the model.

import { createHash } from 'node:crypto';
import type { Fault } from '../fault.ts';
import type { Ask, Reply } from '../wires/wire.ts';
import { nothing } from './answer.ts';

export function embeddings(ask: Ask, wanted: NonNullable<Ask['embed']>, fault: Fault | null): Reply {
  const { texts, dimensions, form } = wanted;
  const whole = texts.map((text, place) => ({ place, values: vectorOf({ model: ask.model, text, dimensions }) }));
  const vectors = fault?.type === 'empty' ? [] : fault?.type === 'wrong-vectors' ? flawed(whole, fault.flaw) : whole;
  return { ...nothing(ask), embedding: { vectors, form } };
}

type Vectors = NonNullable<Reply['embedding']>['vectors'];

function flawed(vectors: Vectors, flaw: Extract<Fault, { type: 'wrong-vectors' }>['flaw']): Vectors {
  const [first, ...others] = vectors;
  if (!first) return vectors;
  switch (flaw) {
    case 'missing':
      return others;
    case 'short':
      return [...others, { ...first, values: first.values.slice(1) }].sort((a, b) => a.place - b.place);
    case 'not-numbers':
      return [{ ...first, values: first.values.map(() => null) }, ...others];
    case 'zero':
      return [{ ...first, values: first.values.map(() => 0) }, ...others];
    case 'twice':
      return vectors.map((vector) => ({ ...vector, place: first.place }));
    case 'reversed':
      return vectors.toReversed();
  }
}

function vectorOf(wanted: { readonly model: string; readonly text: string; readonly dimensions: number }): number[] {
  const name = wanted.model.slice(wanted.model.lastIndexOf('/') + 1).toLowerCase();
  const seed = createHash('sha256').update(`${name}\n${wanted.text}`).digest().readInt32LE();
  const next = randomFrom(seed);
  const values = Array.from({ length: wanted.dimensions }, () => next() - 0.5);
  const length = Math.hypot(...values);
  // Seven digits, as much as a 32-bit float holds: that is how providers write them.
  return values.map((value) => Number((value / length).toPrecision(7)));
}

/** Mulberry32: good enough to tell texts apart, and quick enough for millions. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
