// What every reader of a provider's stream notes as it goes over the wire. Reads nothing itself.

import type { TokenLogprobs } from '../../src/domain/answer.ts';
import type { WireReader } from './vendor.ts';

export class WireState implements Omit<WireReader, 'take' | 'rest'> {
  tokens = 0;
  isComplete = false;
  isMalformed = false;
  error: unknown = null;
  servedModel: string | null = null;
  fingerprint: string | null = null;
  logprobs: TokenLogprobs[] | null = null;
  refusal: string | null = null;
  blockReason: string | null = null;
  protected readonly onText: (text: string) => void;

  constructor(onText: (text: string) => void) {
    this.onText = onText;
  }
}
