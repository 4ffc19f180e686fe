// Addresses as fields of the configuration. A message never repeats one: it may hold a key.

import * as z from 'zod';

/** Of a provider's API; in one form, without a slash at its end. */
export const baseUrl = address(({ username, password, search, hash }) => {
  if (username || password) return 'must hold no user or password: put the key into apiKey';
  return search || hash ? 'must have no query and no fragment: paths are put behind it' : null;
}).transform((text) => text.replace(/\/+$/, ''));

/** Its path or its query may be the secret; `fetch` takes none with a user in it. */
export const webhook = address(({ username, password }) =>
  username || password ? 'must hold no user or password' : null,
);

function address(faultOf: (url: URL) => string | null) {
  return z.string().check(({ value, issues }) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    const message = url && /^https?:$/.test(url.protocol) ? faultOf(url) : 'must be an http or https address';
    if (message !== null) issues.push({ code: 'custom', message, input: value });
  });
}
