// From streams that were read to the figures that are printed. Pure.

import { median, quantile } from './figures.ts';
import type { Pace } from './paced.ts';
import type { Stream } from './stream-load.ts';

/** What was added to the time until the first token: from the question to its arrival, without what the answerer took. */
export function addedToFirstMs({ askedAtMs, tokens }: Stream): number {
  const [first] = tokens;
  return first ? first.arrivedAtMs - askedAtMs - first.tookMs : Number.NaN;
}

export interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** From the sending of a token to its arrival. */
export function delaysOf(streams: readonly Stream[]): Delays {
  const sorted = streams
    .flatMap(({ tokens }) => tokens.map(({ sentAtMs, arrivedAtMs }) => arrivedAtMs - sentAtMs))
    .sort((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

export interface PaceKept {
  /** From the first token to the last over what it was to be, of the slowest stream. */
  readonly slowest: number;
  readonly p99GapMs: number;
  /** Between the same tokens as they were sent. */
  readonly p99SentGapMs: number;
  /** Tokens that arrived while all streams were running; null when some ended before others began. */
  readonly tokensPerSecond: number | null;
}

export function paceKept(streams: readonly Stream[], { everyMs }: Pace): PaceKept {
  const durations = streams.map(({ tokens }) => {
    const lasted = (tokens.at(-1)?.arrivedAtMs ?? Number.NaN) - (tokens[0]?.arrivedAtMs ?? Number.NaN);
    return lasted / ((tokens.length - 1) * everyMs);
  });
  return {
    slowest: Math.max(...durations),
    p99GapMs: p99Gap(streams.map(({ tokens }) => tokens.map(({ arrivedAtMs }) => arrivedAtMs))),
    p99SentGapMs: p99Gap(streams.map(({ tokens }) => tokens.map(({ sentAtMs }) => sentAtMs))),
    tokensPerSecond: tokensPerSecond(streams),
  };
}

function p99Gap(times: readonly (readonly number[])[]): number {
  const gaps = times.flatMap((ofStream) => ofStream.slice(1).map((time, index) => time - (ofStream[index] ?? 0)));
  return quantile(
    gaps.sort((a, b) => a - b),
    0.99,
  );
}

function tokensPerSecond(streams: readonly Stream[]): number | null {
  const fromMs = Math.max(...streams.map(({ tokens }) => tokens[0]?.arrivedAtMs ?? Number.NaN));
  const toMs = Math.min(...streams.map(({ tokens }) => tokens.at(-1)?.arrivedAtMs ?? Number.NaN));
  if (fromMs >= toMs) return null;
  const arrived = streams.flatMap(({ tokens }) =>
    tokens.filter(({ arrivedAtMs }) => arrivedAtMs >= fromMs && arrivedAtMs < toMs),
  );
  return (arrived.length * 1000) / (toMs - fromMs);
}

/** What streams of two lengths took of the CPU, all of one length together; null where the system does not tell. */
export interface CpuOfLengths {
  readonly streams: number;
  readonly short: { readonly tokens: number; readonly cpuMs: number | null };
  readonly long: { readonly tokens: number; readonly cpuMs: number | null };
}

export interface CpuShares {
  readonly perTokenUs: number;
  /** What a stream without a token would take. */
  readonly perStreamMs: number;
}

/** The line through both lengths: what a token costs is told apart from what a stream costs. */
export function cpuShares({ streams, short, long }: CpuOfLengths): CpuShares | null {
  if (short.cpuMs === null || long.cpuMs === null) return null;
  const perTokenMs = (long.cpuMs - short.cpuMs) / (streams * (long.tokens - short.tokens));
  return { perTokenUs: perTokenMs * 1000, perStreamMs: short.cpuMs / streams - perTokenMs * short.tokens };
}

/** What one turn of one side showed. */
export interface PacedTurn {
  readonly kept: PaceKept;
  readonly crowd: Delays;
  readonly cpu: CpuShares | null;
}

export interface StreamRound {
  /** Time to the first token; of the floor, until its activity starts. */
  readonly first: { readonly floor: number; readonly holdfast: number };
  /** Of a lone stream. */
  readonly lone: { readonly relay: Delays; readonly holdfast: Delays };
  readonly paced: { readonly relay: PacedTurn; readonly holdfast: PacedTurn };
}

export interface TwoProcesses {
  readonly firstMs: number;
  readonly lone: Delays;
  readonly paced: PacedTurn;
}

export function medianDelays(delays: readonly Delays[]): Delays {
  return { p50Ms: medianOf(delays, 'p50Ms'), p99Ms: medianOf(delays, 'p99Ms') };
}

export function medianTurn(turns: readonly PacedTurn[]): PacedTurn {
  const kept = turns.map((turn) => turn.kept);
  const rates = kept.flatMap(({ tokensPerSecond: rate }) => rate ?? []);
  const cpus = turns.flatMap(({ cpu }) => (cpu ? [cpu] : []));
  return {
    kept: {
      slowest: medianOf(kept, 'slowest'),
      p99GapMs: medianOf(kept, 'p99GapMs'),
      p99SentGapMs: medianOf(kept, 'p99SentGapMs'),
      tokensPerSecond: rates.length === 0 ? null : median(rates),
    },
    crowd: medianDelays(turns.map(({ crowd }) => crowd)),
    cpu:
      cpus.length === 0
        ? null
        : { perTokenUs: medianOf(cpus, 'perTokenUs'), perStreamMs: medianOf(cpus, 'perStreamMs') },
  };
}

function medianOf<Field extends string>(values: readonly Readonly<Record<Field, number>>[], field: Field): number {
  return median(values.map((value) => value[field]));
}
