// Keeps large payloads out of Temporal: above a threshold they go to the blob store, by the SDK's external storage.
// The same converter must be given to every client and worker; one without it can't read what others stored.

import { createHash } from 'node:crypto';
import type { DataConverter, Payload, StorageDriver } from '@temporalio/common';
import { ExternalStorage, StorageDriverClaim } from '@temporalio/common';
import protobuf from 'protobufjs/light.js';
import type { BlobStore } from '../storage/blob-store.ts';

/** Far below Temporal's 2 MiB a payload, and many fit into one message of 4 MiB. */
const DEFAULT_THRESHOLD_BYTES = 64 * 1024;

export function createDataConverter(options: {
  readonly blobs: BlobStore;
  /** Of the encoded payload. @default 64 KiB */
  readonly thresholdBytes?: number;
}): DataConverter {
  const { blobs, thresholdBytes = DEFAULT_THRESHOLD_BYTES } = options;
  const drivers = [blobDriver(blobs)];
  return { externalStorage: new ExternalStorage({ drivers, payloadSizeThreshold: thresholdBytes }) };
}

/** Blobs are named by their content: a prompt that is passed to several calls is stored once. */
function blobDriver(blobs: BlobStore): StorageDriver {
  return {
    // Both are written into every reference: never change them.
    name: 'holdfast-blobs',
    type: 'holdfast.blobs',
    async store(_, payloads) {
      return Promise.all(
        payloads.map(async (payload) => {
          const bytes = encode(payload);
          const key = createHash('sha256').update(bytes).digest('hex');
          await blobs.put(key, bytes);
          return new StorageDriverClaim({ key });
        }),
      );
    },
    async retrieve(_, claims) {
      return Promise.all(claims.map(({ claimData }) => fetchPayload(blobs, claimData['key'] ?? '')));
    },
  };
}

async function fetchPayload(blobs: BlobStore, key: string): Promise<Payload> {
  const bytes = await blobs.get(key);
  if (!bytes) {
    throw new Error(
      `The blob ${key}, which holds a payload, is gone from the blob store: it was deleted, ` +
        'or this process uses another store than the one that wrote it.',
    );
  }
  return decode(bytes);
}

// Temporal's own encoding of a payload, so that other tools can read a blob. The keys are sorted: equal payloads must
// have equal bytes.
const PayloadMessage = new protobuf.Type('Payload')
  .add(new protobuf.MapField('metadata', 1, 'string', 'bytes'))
  .add(new protobuf.Field('data', 2, 'bytes'));

function encode({ metadata, data }: Payload): Uint8Array {
  const sorted = Object.fromEntries(Object.entries(metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
  return PayloadMessage.encode({ metadata: sorted, data: data ?? new Uint8Array() }).finish();
}

function decode(bytes: Uint8Array): Payload {
  const { metadata, data } = PayloadMessage.toObject(PayloadMessage.decode(bytes), { defaults: true });
  return { metadata, data };
}
