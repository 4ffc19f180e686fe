// Lines about the progress of a download, not more often than a person wants to read them.

export function progressReporter(input: {
  /** Null when the sender did not say; as good as it is known. */
  readonly totalBytes: number | null;
  readonly report: (line: string) => void;
}): (bytes: number) => void {
  const { totalBytes, report } = input;
  let lastAt = Date.now();
  return (received) => {
    if (Date.now() - lastAt < INTERVAL_MS) return;
    lastAt = Date.now();
    if (totalBytes === null) return report(`  ${megabytes(received)}`);
    const bytes = Math.min(received, totalBytes);
    report(`  ${megabytes(bytes)} of ${megabytes(totalBytes)} (${Math.floor((bytes / totalBytes) * 100)} %)`);
  };
}

const INTERVAL_MS = 2_000;

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
