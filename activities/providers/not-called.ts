// Why a call could not even begin, where only a vendor's own code can tell. It is no answer of the provider.

import type { FailureKind } from '../../src/domain/failure.ts';

export class NotCalledError extends Error {
  readonly kind: FailureKind;

  /** `because` is put behind the failure's own sentence. */
  constructor(kind: FailureKind, because: string, options?: ErrorOptions) {
    super(because, options);
    this.name = 'NotCalledError';
    this.kind = kind;
  }
}
