// The one connection that client and worker share: to the embedded server, or to the one that the environment names.

import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';

export interface TemporalConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

export async function connectToEmbedded(address: string): Promise<TemporalConnection> {
  // Compression costs CPU on both ends and saves nothing on loopback.
  const connection = await NativeConnection.connect({ address, grpcCompression: { codec: 'none' } });
  return { connection, namespace: 'default' };
}

/** Reads `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, `TEMPORAL_PROFILE` as Temporal's own tools do. */
export async function connectToConfigured(): Promise<TemporalConnection> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  try {
    return { connection: await NativeConnection.connect(connectionOptions), namespace: namespace ?? 'default' };
  } catch (error) {
    throw new Error(`Temporal at ${connectionOptions.address ?? 'the configured address'} cannot be reached.`, {
      cause: error,
    });
  }
}
