// The keys that clients may send, as listed in HOLDFAST_API_KEYS: names and hashes, never a key itself.

export interface ApiKey {
  readonly name: string;
  /** Of the key, in lower-case hex. */
  readonly sha256: string;
  /** Sees, cancels and replays everybody's inferences. */
  readonly operator: boolean;
}

/** Comma-separated `name:sha256-hex[:operator]`. Faults point at the entry by its place: it might be a key. */
export function parseApiKeys(text: string): { readonly keys: readonly ApiKey[]; readonly faults: readonly string[] } {
  const keys: ApiKey[] = [];
  const faults: string[] = [];
  const entries = text.split(',').map((entry) => entry.trim());
  for (const [index, entry] of text.trim() === '' ? [] : entries.entries()) {
    const match = ENTRY.exec(entry);
    const [name, sha256] = [match?.[1], match?.[2]?.toLowerCase()];
    if (!name || !sha256) {
      faults.push(`entry ${index + 1} is not name:sha256-hex or name:sha256-hex:operator`);
    } else if (keys.some((key) => key.name === name || key.sha256 === sha256)) {
      faults.push(`entry ${index + 1} repeats a name or a hash`);
    } else {
      keys.push({ name, sha256, operator: match?.[3] !== undefined });
    }
  }
  return { keys, faults };
}

const ENTRY = /^([A-Za-z0-9._-]+):([0-9a-fA-F]{64})(:operator)?$/;
