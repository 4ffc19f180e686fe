// What is wrong with the address of a webhook, as far as it tells by itself. What its name resolves to is looked at when
// we connect (`connections.ts`): it may be another address by then.

import { isIP } from 'node:net';
import type { WebhookSettings } from '../../src/domain/webhook.ts';
import { isPublicAddress } from './public-address.ts';

/** Why nothing is posted to it, in words that go behind the field's name; null when nothing is wrong. */
export function webhookUrlFault(text: string, { secret, allowPrivate }: WebhookSettings): string | null {
  if (secret === null) return 'needs a secret to sign with: set webhooks.secret in the configuration';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an http or https address';
  if (url.username || url.password) return 'must hold no user or password';
  if (!allowPrivate && isPrivateHost(url.hostname)) {
    return 'must be a public address: set webhooks.allowPrivate in the configuration to allow others';
  }
  return null;
}

/** `URL` has brought numbers in every notation into one form. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
  if (isIP(host) !== 0) return !isPublicAddress(host);
  return host === 'localhost' || host.endsWith('.localhost');
}
