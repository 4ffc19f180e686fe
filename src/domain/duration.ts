// Durations as people write them (`250ms`, `30s`, `24h`), in the configuration, requests and headers. Pure.

/** Milliseconds of a number with a unit (ms, s, m, h or d), or null when the text is none. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const durationMs = Math.round(Number(match[1]) * (UNITS_MS[match[2] ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(durationMs) ? durationMs : null;
}

/** The same in the largest unit that needs no fraction. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const unit = Object.entries(UNITS_MS).find(([, unitMs]) => durationMs % unitMs === 0);
  return unit ? `${durationMs / unit[1]}${unit[0]}` : `${durationMs}ms`;
}

const DURATION = /^(\d{1,16}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** Largest first. */
const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
