// An answer of a batch API that is an error, where no SDK has read it: in the form that the SDKs' errors have.

export class BatchApiError extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly error: unknown;

  constructor({ status, headers }: Pick<Response, 'status' | 'headers'>, body: unknown) {
    super(`The provider answered with status ${status}.`);
    this.name = 'BatchApiError';
    this.status = status;
    this.headers = headers;
    this.error = body;
  }
}
