// The section `webhooks` of the configuration file: how clients are told that their work has ended.

import * as z from 'zod';

export const webhooks = z.strictObject({
  /** Signs what is sent. @default null: `webhook_url` is refused */
  secret: z.string().check(isSecret).nullable().default(null),
  /** Whether clients may have addresses of this machine and of private networks posted to. @default false */
  allowPrivate: z.boolean().default(false),
});

/** As the standard has it: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function isSecret({ value, issues }: z.core.ParsePayload<string>): void {
  const text = /^whsec_(.+)$/.exec(value)?.[1] ?? '';
  const bytes = Buffer.from(text, 'base64');
  // Node leaves out what is not base64.
  if (bytes.toString('base64') === text && bytes.length >= 24 && bytes.length <= 64) return;
  const message = 'must be whsec_ and the base64 of 24 to 64 random bytes, such as from openssl rand -base64 32';
  issues.push({ code: 'custom', message, input: value });
}
