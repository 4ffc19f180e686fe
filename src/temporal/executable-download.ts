// The official download of the Temporal CLI, from the host that Temporal's SDKs fetch it from.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from '../fetching/run-command.ts';
import type { ExecutableSource } from './executable-source.ts';
import { releasePlatform } from './executable-source.ts';
import { TEMPORAL_VERSION } from './executable-version.ts';
import { progressReporter } from '../fetching/progress.ts';

export function officialDownload(
  options: {
    /** @default Temporal's own host */
    readonly baseUrl?: string;
    /** Longest silence: before the answer, and then between its parts. @default 5000 and 30000 */
    readonly connectTimeoutMs?: number;
    readonly stallTimeoutMs?: number;
  } = {},
): ExecutableSource {
  const { baseUrl = 'https://temporal.download', connectTimeoutMs = 5_000, stallTimeoutMs = 30_000 } = options;
  return {
    name: 'official download',
    sha256: null,
    async fetch({ directory, report }) {
      const platform = releasePlatform();
      if (platform === null) throw new Error(`there is no release for ${process.platform}/${process.arch}`);
      const url = `${baseUrl}/cli/archive/v${TEMPORAL_VERSION}?platform=${platform.os}&arch=${platform.arch}`;
      const archive = join(directory, 'temporal.tar.gz');
      await download({ url, file: archive, connectTimeoutMs, stallTimeoutMs, report });
      await runCommand('tar', ['-xzf', archive, '-C', directory, 'temporal'], { limitMs: UNPACK_LIMIT_MS });
      return join(directory, 'temporal');
    },
  };
}

const UNPACK_LIMIT_MS = 120_000;

async function download(input: {
  readonly url: string;
  readonly file: string;
  readonly connectTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly report: (line: string) => void;
}): Promise<void> {
  const { url, file, connectTimeoutMs, stallTimeoutMs, report } = input;
  const silence = new AbortController();
  const endAfter = (ms: number) =>
    setTimeout(() => silence.abort(new Error(`${new URL(url).host} sent nothing for ${ms / 1000} s`)), ms);
  let timer = endAfter(connectTimeoutMs);
  try {
    const response = await fetch(url, { signal: silence.signal }).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    const length = Number(response.headers.get('content-length'));
    const progress = progressReporter({ totalBytes: length > 0 ? length : null, report });
    let bytes = 0;
    const watched = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        clearTimeout(timer);
        timer = endAfter(stallTimeoutMs);
        bytes += chunk.length;
        progress(bytes);
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), watched, createWriteStream(file));
    if (length > 0 && bytes !== length) throw new Error(`the download broke off after ${bytes} of ${length} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` says "fetch failed", and keeps the reason in the cause. */
function unreachable(url: string, error: unknown): Error {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new Error(`${new URL(url).host} cannot be reached (${String(reason)})`, { cause: error });
}
