// What responses show of their requests, kept for those who poll: to read it means to read the whole prompt, files and
// all. What has been dropped for want of room is read again.

import type { ShownRequest } from './response-object.ts';

/** Of all together; most take a few hundred. */
const MAX_CHARACTERS = 16_000_000;

export class ShownRequests {
  /** By the id of the inference, in the order of their last use; what an id stands for never changes. */
  readonly #kept = new Map<string, { readonly request: ShownRequest; readonly characters: number }>();
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(maxCharacters = MAX_CHARACTERS) {
    this.#maxCharacters = maxCharacters;
  }

  get(id: string): ShownRequest | null {
    const kept = this.#kept.get(id);
    if (!kept) return null;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept.request;
  }

  keep(id: string, request: ShownRequest): void {
    if (this.#kept.has(id)) return;
    const { length: characters } = JSON.stringify(request);
    this.#kept.set(id, { request, characters });
    this.#characters += characters;
    for (const [oldest, kept] of this.#kept) {
      if (this.#characters <= this.#maxCharacters) break;
      this.#kept.delete(oldest);
      this.#characters -= kept.characters;
    }
  }
}
