// Chance without a memory: what falls to whom is a hash of the seed and of names, so that it is the same in every run
// and for every way, in whatever order things happen.

/** Uniform in [0, 1), and always the same for the same parts. */
export function chance(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const character of parts.join('\u0000')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  // FNV-1a leaves the high bits of short texts alike; this is the end of MurmurHash3, which mixes them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
