// TokenMix's errors: OpenAI's, with an account and a router of its own before them.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { openaiErrors } from './openai.ts';

export const tokenmixErrors: ErrorTable = {
  ...openaiErrors,
  quota: () => error(403, 'insufficient_user_quota', 'The balance of this account is insufficient.'),
  billing: () => error(402, 'insufficient_balance', 'Insufficient balance.'),
  overloaded: () => error(503, 'model_unavailable', 'There is no available channel for this model.'),
};

function error(status: number, code: string, message: string): ErrorReply {
  return { status, headers: {}, body: { error: { message, type: 'tokenmix_error', param: '', code } } };
}
