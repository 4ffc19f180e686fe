// `/healthz`: this process answers. `/readyz`: inferences that it accepts will go on.

import { z } from 'zod';
import { errorSchema } from '../error-schema.ts';
import { ApiError } from '../errors.ts';
import type { App } from '../http-context.ts';

const tags = ['Service'];

export interface HealthDependencies {
  readonly version: string;
  /** Null when ready, else the reason why inferences would not go on. */
  readonly notReadyReason: () => Promise<string | null>;
}

export function registerHealth(app: App, { version, notReadyReason }: HealthDependencies): void {
  const healthy = z.object({ status: z.literal('ok'), version: z.string() });
  const ready = z.object({ status: z.literal('ready') });

  app.get(
    '/healthz',
    { schema: { summary: 'Is the process alive?', tags, security: [], response: { 200: healthy } } },
    () => ({ status: 'ok' as const, version }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Will inferences go on?',
        description: '`503` while Temporal is away, no worker is polling or the service is shutting down.',
        tags,
        security: [],
        response: { 200: ready, default: errorSchema },
      },
    },
    async () => {
      const reason = await notReadyReason();
      if (reason === null) return { status: 'ready' as const };
      throw new ApiError({
        code: 'not_ready',
        message: `Not ready: ${reason}.`,
        shouldRetry: true,
        retryAfterSeconds: 1,
      });
    },
  );
}
