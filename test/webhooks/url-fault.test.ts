import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../activities/webhooks/public-address.ts';
import { webhookUrlFault } from '../../activities/webhooks/url-fault.ts';

const SETTINGS = { secret: 'whsec_', allowPrivate: false };

describe('the address of a webhook', () => {
  test.each([
    'https://hooks.example/x?token=1',
    'http://hooks.example:8080',
    'https://8.8.8.8/x',
    'https://[2606:4700::1111]/x',
    'https://localhost.example',
  ])('%s is taken', (url) => {
    expect(webhookUrlFault(url, SETTINGS)).toBeNull();
  });

  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://%31%32%37.0.0.1/',
    'http://１２７.0.0.1/',
    'http://0/',
    'http://0.0.0.0/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://192.0.0.192/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[fd00:ec2::254]/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://hooks.localhost:8080/',
  ])('%s is refused, unless private ones are allowed', (url) => {
    expect(webhookUrlFault(url, SETTINGS)).toMatch(/^must be a public address/);
    expect(webhookUrlFault(url, { ...SETTINGS, allowPrivate: true })).toBeNull();
  });

  test.each([
    ['hooks.example', 'must be an http or https address'],
    ['', 'must be an http or https address'],
    ['ftp://hooks.example', 'must be an http or https address'],
    ['file:///etc/passwd', 'must be an http or https address'],
    ['https://user@hooks.example', 'must hold no user or password'],
    ['https://:password@hooks.example', 'must hold no user or password'],
  ])('%s is refused in any case: it %s', (url, fault) => {
    expect(webhookUrlFault(url, SETTINGS)).toBe(fault);
    expect(webhookUrlFault(url, { ...SETTINGS, allowPrivate: true })).toBe(fault);
  });

  test('without a secret none is taken, and what to configure is said', () => {
    expect(webhookUrlFault('https://hooks.example', { ...SETTINGS, secret: null })).toBe(
      'needs a secret to sign with: set webhooks.secret in the configuration',
    );
  });
});

test.each(['fe80::1%eth0', 'hooks.example', '', '1', '::ffff:10.0.0.1'])('%s is no public address', (text) => {
  expect(isPublicAddress(text)).toBe(false);
});

test('an IPv6 form of a public IPv4 address is public', () => {
  expect(isPublicAddress('::ffff:8.8.8.8')).toBe(true);
});
