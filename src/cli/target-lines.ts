// How targets are written: as a table, which is redrawn in place on a terminal, and as a line for each change.
// Must not call the API.

import picocolors from 'picocolors';
import type { TargetView } from './api-client.ts';
import { oneLine, printNote, table } from './output.ts';

/** What is watched, as it changes. */
export interface TargetsView {
  show(targets: readonly TargetView[]): void;
  /** Says something about the watching itself. */
  note(text: string): void;
}

type Stream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export function createTargetsView(stream: Stream, options: { readonly json: boolean }): TargetsView {
  // A terminal without a width, as some remote shells give, has nothing to redraw in.
  return stream.isTTY && stream.columns && !options.json ? screen(stream) : changes(stream, options);
}

/** The table's lines, coloured on a terminal. */
export function targetsTable(
  targets: readonly TargetView[],
  { nowMs, stream, columns = Infinity }: { readonly nowMs: number; readonly stream: Stream; readonly columns?: number },
): readonly string[] {
  const [heading = '', ...rows] = table([HEADING, ...targets.map((target) => row(target, nowMs))])
    .split('\n')
    .map((line) => cut(line, columns));
  const colors = colorsOf(stream);
  const paint = { healthy: colors.green, degraded: colors.yellow, out: colors.red };
  return [colors.bold(heading), ...targets.map(({ health }, index) => paint[health](rows[index] ?? ''))];
}

export function targetSentence(target: TargetView, nowMs: number): string {
  return oneLine(`${target.id} is ${target.health}; circuit: ${circuits(target, nowMs)}.`);
}

function screen(stream: Stream): TargetsView {
  let targets: readonly TargetView[] = [];
  let asOfMs = 0;
  let drawnLines = 0;

  const draw = (footer: string) => {
    const { columns = 80, rows = 24 } = stream;
    const colors = colorsOf(stream);
    // Room for the footer, and for the cursor below it: what has scrolled away cannot be drawn again.
    const lines = targetsTable(targets, { nowMs: asOfMs, stream, columns }).slice(0, Math.max(1, rows - 2));
    const hidden = targets.length + 1 - lines.length;
    const more = hidden > 0 ? `${hidden} more ${hidden === 1 ? 'needs' : 'need'} a taller window. ` : '';
    const frame = [...lines, colors.dim(cut(oneLine(more + footer), columns))];
    // A line is cleared before it is written: after one that fills the width, clearing would take its last character.
    const text = frame.map((line) => `${CLEAR_LINE}${line}\n`).join('');
    stream.write(`${drawnLines > 0 ? `\u001B[${drawnLines}A` : ''}\r${text}${CLEAR_BELOW}`);
    drawnLines = frame.length;
  };

  return {
    show(latest) {
      targets = latest;
      asOfMs = Date.now();
      draw(`As of ${timeOf(asOfMs)}. Ctrl-C ends.`);
    },
    note: draw,
  };
}

const CLEAR_LINE = '\u001B[2K';
const CLEAR_BELOW = '\u001B[J';

/** First what each target is, then every change of its health or its circuit. */
function changes(stream: Stream, { json }: { readonly json: boolean }): TargetsView {
  let shown = new Map<string, string>();
  return {
    show(targets) {
      const nowMs = Date.now();
      const latest = new Map(targets.map((target) => [target.id, essence(target)]));
      for (const target of targets.filter(({ id }) => latest.get(id) !== shown.get(id))) {
        const line = json
          ? JSON.stringify({ at: new Date(nowMs).toISOString(), ...target })
          : oneLine(`${timeOf(nowMs)} ${target.id} ${target.health}: ${circuits(target, nowMs)}`);
        stream.write(`${line}\n`);
      }
      shown = latest;
    },
    note: printNote,
  };
}

/** What makes a change worth a line. */
function essence({ health, breaker, account }: TargetView): string {
  return JSON.stringify([health, ...[breaker, account].map(({ state, until, cause }) => [state, until, cause])]);
}

const HEADING = [
  'TARGET',
  'HEALTH',
  'BREAKER',
  'SUCCESS',
  'QUALITY',
  'FIRST TOKEN p50/p95',
  'ANSWER p50/p95',
  'QUEUE',
] as const;

function row(target: TargetView, nowMs: number): readonly string[] {
  const { id, health, score } = target;
  return [
    id,
    health,
    circuits(target, nowMs),
    percent(score.success),
    percent(score.quality),
    latency(score.first_token_ms),
    latency(score.total_ms),
    queue(target.queue),
  ];
}

type Circuit = TargetView['breaker'];

/** The target's own circuit and the account's, as far as they are not closed. */
function circuits({ breaker, account }: TargetView, nowMs: number): string {
  const parts = [
    ...(breaker.state === 'closed' ? [] : [circuit(breaker, nowMs)]),
    ...(account.state === 'closed' ? [] : [`account ${circuit(account, nowMs)}`]),
  ];
  return parts.join('; ') || 'closed';
}

function circuit({ state, cause, until }: Circuit, nowMs: number): string {
  const why = cause === null ? '' : ` (${cause})`;
  const left = until === null ? '' : `, ${duration(Math.max(0, Date.parse(until) - nowMs))} left`;
  return `${state}${why}${left}`;
}

function percent(ratio: number | null): string {
  if (ratio === null) return UNKNOWN;
  // Some failures are never rounded away.
  return `${ratio < 1 ? Math.min(99, Math.round(ratio * 100)) : 100} %`;
}

function latency({ p50, p95 }: { readonly p50: number | null; readonly p95: number | null }): string {
  if (p50 === null && p95 === null) return UNKNOWN;
  const [middle, high] = [p50, p95].map((ms) => (ms === null ? UNKNOWN : String(Math.round(ms))));
  return `${middle}/${high} ms`;
}

function queue(budget: TargetView['queue']): string {
  if (budget === null) return UNKNOWN;
  const wait = budget.wait_ms > 0 ? ` (${duration(budget.wait_ms)})` : '';
  const allowance = budget.allowance === null ? '' : `/${budget.allowance}`;
  return `${budget.depth} waiting${wait}, ${budget.in_flight}${allowance} in flight`;
}

const UNKNOWN = '–';

/** In a unit that says enough, rounded up: a break of which something is left is not over. */
function duration(ms: number): string {
  if (ms < 1_000 && ms > 0) return `${Math.ceil(ms)} ms`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds <= 120) return `${seconds} s`;
  return seconds <= 7_200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, columns - 2)}…`;
}

function colorsOf(stream: Stream) {
  return picocolors.createColors(stream.isTTY === true && picocolors.isColorSupported);
}
