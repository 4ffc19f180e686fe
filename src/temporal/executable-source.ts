// What a place to fetch the Temporal server's executable from has to offer.

export interface ExecutableSource {
  /** Read after "Fetching the Temporal server:". */
  readonly name: string;
  /** SHA-256 of the executable in hex; null: the source itself is trusted. */
  readonly sha256: string | null;
  /** Fetches into an empty directory and returns the executable's path there; throws the reason why not. */
  fetch(input: { readonly directory: string; readonly report: (line: string) => void }): Promise<string>;
}

/** This machine in the words of Temporal's releases; null where there is none. */
export function releasePlatform(): { readonly os: 'linux' | 'darwin'; readonly arch: 'amd64' | 'arm64' } | null {
  const os = process.platform;
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if ((os !== 'linux' && os !== 'darwin') || (arch !== 'amd64' && arch !== 'arm64')) return null;
  return { os, arch };
}
