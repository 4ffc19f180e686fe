// Who is connected to, whatever the name of the receiver says at another time.

import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Lookup } from '../../activities/webhooks/connections.ts';
import { createWebhookConnections, PrivateAddressError } from '../../activities/webhooks/connections.ts';
import { postJson } from '../../activities/post-json.ts';
import type { Receiver } from './receiver.ts';
import { startReceiver } from './receiver.ts';

let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.stop());
afterEach(() => {
  receiver.deliveries.length = 0;
});

function post(options: Parameters<typeof createWebhookConnections>[0]) {
  const connections = createWebhookConnections(options);
  onTestFinished(() => connections.destroy());
  return postJson({ url: `http://hooks.example:${receiver.port}/`, connections, body: '{}', limitMs: 5_000 });
}

function resolvingTo(...addresses: readonly string[]): Lookup {
  return (_hostname, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

test.each([
  [['127.0.0.1']],
  [['10.0.0.1']],
  [['169.254.169.254']],
  [['::1']],
  [['::ffff:127.0.0.1']],
  [['fd00::1']],
  [['fe80::1%eth0']],
  [['8.8.8.8', '127.0.0.1']],
])('a name that resolves to %s is not connected to', async (addresses) => {
  const posted = post({ allowPrivate: false, lookup: resolvingTo(...addresses) });
  await expect(posted).rejects.toThrow(PrivateAddressError);
  expect(receiver.deliveries).toEqual([]);
});

test('a name that resolves to another address the second time gets nobody further', async () => {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, options, callback) => {
    asked.push(hostname);
    resolvingTo(asked.length === 1 ? '192.0.2.1' : '127.0.0.1')(hostname, options, callback);
  };
  const connections = createWebhookConnections({ allowPrivate: false, lookup });
  onTestFinished(() => connections.destroy());
  for (let time = 1; time <= 2; time++) {
    const url = `http://hooks.example:${receiver.port}/`;
    await expect(postJson({ url, connections, body: '{}', limitMs: 5_000 })).rejects.toThrow(PrivateAddressError);
    expect(asked).toHaveLength(time);
  }
  expect(receiver.deliveries).toEqual([]);
});

test('a name without an address is an error, and so is one that cannot be looked up', async () => {
  await expect(post({ allowPrivate: false, lookup: resolvingTo() })).rejects.toThrow(/no address/);
  const failing: Lookup = (_hostname, _options, callback) => callback(new Error('ENOTFOUND'), []);
  await expect(post({ allowPrivate: false, lookup: failing })).rejects.toThrow('ENOTFOUND');
});

test('private addresses are connected to where they are allowed', async () => {
  const connections = createWebhookConnections({ allowPrivate: true });
  onTestFinished(() => connections.destroy());
  const url = `http://localhost:${receiver.port}/`;
  expect(await postJson({ url, connections, body: '{}', limitMs: 5_000 })).toMatchObject({ status: 204 });
});
