// The address that a client wants to be told at, refused where nothing could be sent to it.

import { ApiError } from './errors.ts';
import type { HttpContext } from './http-context.ts';

export function checkWebhookUrl({ webhookUrlFault }: HttpContext, url: string): void {
  const fault = webhookUrlFault(url);
  if (fault === null) return;
  const param = 'webhook_url';
  throw new ApiError({ code: 'invalid_value', message: `${param} ${fault}.`, param });
}
