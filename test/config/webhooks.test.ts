import { describe, expect, it } from 'vitest';
import { load, LOCAL, problemsOf } from './config-file.ts';

const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 'k').toString('base64')}`;
const text = `${LOCAL}webhooks: { secret: "\${SECRET}" }`;
const MESSAGE = 'must be whsec_ and the base64 of 24 to 64 random bytes, such as from openssl rand -base64 32';

describe('webhooks of clients', () => {
  it('are off, and public, by default', () => {
    expect(load(LOCAL).webhooks).toEqual({ secret: null, allowPrivate: false });
  });

  it.each([24, 32, 64])('take a secret of %i bytes from the environment', (bytes) => {
    const SECRET = secretOf(bytes);
    expect(load(text, { SECRET }).webhooks).toEqual({ secret: SECRET, allowPrivate: false });
  });

  it.each([
    secretOf(23),
    secretOf(65),
    secretOf(32).replace('whsec_', ''),
    secretOf(32).replace('whsec_', 'WHSEC_'),
    secretOf(32).replace('=', ''),
    `${secretOf(32)}\n`,
    `whsec_${'-'.repeat(32)}`,
    'whsec_',
    '',
  ])('are refused with the secret %j, which is not repeated', (SECRET) => {
    expect(problemsOf(text, { SECRET })).toEqual([`2 webhooks.secret: ${MESSAGE}`]);
  });

  it('leave the hash of the configuration as it is when the secret changes', () => {
    const hash = (one: string, SECRET: string) => load(one, { SECRET }).catalog.configHash;
    expect(hash(text, secretOf(24))).toBe(hash(text, secretOf(32)));
    expect(hash(text.replace('"${SECRET}"', '"${SECRET}", allowPrivate: true'), secretOf(24))).not.toBe(
      hash(text, secretOf(24)),
    );
  });
});
