// The web pages and headers that stand before every provider alike. Must not know any provider's JSON.

import type { ErrorReply } from '../error-body.ts';

export function gatewayPage(status: number, title: string): ErrorReply {
  return { status, headers: { 'content-type': 'text/html' }, body: page(`${status} ${title}`) };
}

/** HTML is what a gateway, proxy or captive portal answers in a provider's place. */
export function page(title: string): string {
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body><center><h1>${title}</h1></center></body>\r\n</html>\r\n`;
}

/** Whole seconds, rounded up: coming earlier would be too early. */
export function retryAfter(retryAfterMs: number | null): Readonly<Record<string, string>> {
  return retryAfterMs === null ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) };
}
