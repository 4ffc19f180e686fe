// What the day came to, for people and for programs, and whether it is what was aimed at. Pure.

import { formatDuration } from '../../domain/duration.ts';
import type { Day } from './day.ts';
import { MINUTE_MS } from './day.ts';
import type { Way } from './providers.ts';
import { HOLDFAST_WAYS, WAYS } from './providers.ts';
import type { Tally } from './tally.ts';
import { REVENUE_USD } from './tally.ts';

export interface Report {
  readonly seed: number;
  readonly isShort: boolean;
  readonly factor: number;
  readonly day: Day;
  /** Holdfast's own time for an inference before the day began, in real milliseconds. */
  readonly overheadMs: number;
  readonly tallies: Readonly<Record<Way, Tally>>;
}

export const LABELS: Readonly<Record<Way, string>> = {
  single: 'one provider',
  'try-catch': 'try/catch, two providers',
  synchronous: 'Holdfast, synchronous',
  durable: 'Holdfast, durable',
};

interface Check {
  readonly aim: string;
  readonly found: string;
  readonly isMet: boolean;
}

const AIMED_REDUCTION = 0.97;

export function checksOf({ tallies }: Pick<Report, 'tallies'>): readonly Check[] {
  const { single, synchronous, durable } = tallies;
  const reduction = single.downtime.share === 0 ? 0 : 1 - synchronous.downtime.share / single.downtime.share;
  const wrong = synchronous.wrong + durable.wrong;
  return [
    {
      aim: `downtime of ${LABELS.synchronous}, at least ${percent(AIMED_REDUCTION)} below that of ${LABELS.single}`,
      found: percent(reduction),
      isMet: reduction >= AIMED_REDUCTION,
    },
    { aim: 'wrong answers that Holdfast passed as right: none', found: String(wrong), isMet: wrong === 0 },
    {
      aim: `inferences lost by ${LABELS.durable}: none`,
      found: String(durable.lost),
      isMet: durable.lost === 0,
    },
    ...HOLDFAST_WAYS.flatMap((way) => {
      const { pastOpen, probes, breaks } = tallies[way].deadCalls;
      const aim = `calls of ${LABELS[way]} to the dead provider`;
      return [
        { aim: `${aim} past an open circuit: none`, found: String(pastOpen), isMet: pastOpen === 0 },
        {
          aim: `${aim} as probes: at most one for each of ${breaks} breaks`,
          found: String(probes),
          isMet: probes <= breaks,
        },
      ];
    }),
  ];
}

/** What no run may show, in one line; null when all is well. */
export function brokenPromise({ tallies }: Pick<Report, 'tallies'>): string | null {
  const faults = HOLDFAST_WAYS.flatMap((way) => {
    const { lost, wrong } = tallies[way];
    return [
      ...(lost > 0 ? [`${LABELS[way]} lost ${lost}`] : []),
      ...(wrong > 0 ? [`${LABELS[way]} passed ${wrong} wrong answers as right`] : []),
    ];
  });
  return faults.length === 0 ? null : `The outage day has broken a promise: ${faults.join('; ')}.`;
}

/** Rows of cells; the first is the heading. */
export function mainTable({ tallies }: Report): readonly (readonly string[])[] {
  return [
    ['', 'ASKED', 'RIGHT', 'WRONG', 'FAILED', 'LOST', 'DOWN', 'FOR', 'REVENUE LOST', 'COST', 'P50', 'P95'],
    ...WAYS.map((way) => {
      const { asked, right, wrong, failed, lost, downtime, bill, latencyMs } = tallies[way];
      return [
        LABELS[way],
        ...[asked, right, wrong, failed, lost].map(String),
        percent(downtime.share),
        minutes(downtime.ms),
        dollars(downtime.usd),
        `${bill.costUsd.toFixed(3)} USD`,
        seconds(latencyMs.p50),
        seconds(latencyMs.p95),
      ];
    }),
  ];
}

export function deadCallsTable({ tallies }: Report): readonly (readonly string[])[] {
  return [
    ['', 'CALLS TO IT', 'CIRCUIT CLOSED', 'PROBES', 'WHOLE CHAIN OPEN', 'PAST AN OPEN CIRCUIT', 'PINGS'],
    ...WAYS.map((way) => {
      const { calls, whileClosed, probes, wholeChainOpen, pastOpen, pings } = tallies[way].deadCalls;
      const isHoldfast = HOLDFAST_WAYS.some((one) => one === way);
      const reasons = isHoldfast ? [whileClosed, probes, wholeChainOpen, pastOpen, pings].map(String) : [];
      return [LABELS[way], String(calls), ...reasons];
    }),
  ];
}

/** What the numbers mean, as sentences. */
export function notesOf({ factor, overheadMs, day }: Report): readonly string[] {
  const own = (overheadMs * factor) / 1_000;
  return [
    `DOWN: the day in slices of ${formatDuration(day.sliceMs)}, each down by the share of its questions that got no right answer.`,
    `REVENUE LOST: at an assumed ${REVENUE_USD} USD an hour. COST: at assumed prices, pings included. P50, P95: of right answers.`,
    `Of Holdfast's seconds about ${own.toFixed(1)} are its own ${Math.round(overheadMs)} ms an inference, ${factor} times as long as in reality.`,
  ];
}

export function reportJson(report: Report): object {
  const { seed, isShort, factor, day, overheadMs } = report;
  const { incidents, outage, lengthMs, sliceMs, meanGapMs } = day;
  return {
    seed,
    short: isShort,
    factor,
    day: {
      length_ms: lengthMs,
      slice_ms: sliceMs,
      mean_gap_ms: meanGapMs,
      incidents: incidents.map(({ fromMs, toMs, ...rest }) => ({ ...rest, from_ms: fromMs, to_ms: toMs })),
      outage: { places: outage.places, from_ms: outage.fromMs, to_ms: outage.toMs },
    },
    overhead_ms: round(overheadMs),
    ways: Object.fromEntries(WAYS.map((way) => [way, tallyJson(report.tallies[way])])),
    checks: checksOf(report).map(({ isMet, ...rest }) => ({ ...rest, met: isMet })),
  };
}

function tallyJson(tally: Tally): object {
  const { asked, right, wrong, failed, lost, downtime, deadCalls, bill, latencyMs, reasons } = tally;
  return {
    asked,
    right,
    wrong,
    failed,
    lost,
    reasons,
    downtime: { share: round(downtime.share, 6), minutes: round(downtime.ms / MINUTE_MS), usd: round(downtime.usd) },
    calls_to_dead_provider: {
      calls: deadCalls.calls,
      while_closed: deadCalls.whileClosed,
      probes: deadCalls.probes,
      whole_chain_open: deadCalls.wholeChainOpen,
      past_open_circuit: deadCalls.pastOpen,
      pings: deadCalls.pings,
      breaks: deadCalls.breaks,
    },
    cost_usd: round(bill.costUsd, 6),
    pings_usd: round(bill.pingsUsd, 6),
    latency_ms: { p50: latencyMs.p50 && Math.round(latencyMs.p50), p95: latencyMs.p95 && Math.round(latencyMs.p95) },
  };
}

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

export function minutes(ms: number): string {
  return `${(ms / MINUTE_MS).toFixed(1)} min`;
}

export function dollars(usd: number): string {
  return `${Math.round(usd).toLocaleString('en-US')} USD`;
}

function seconds(ms: number | null): string {
  return ms === null ? '' : `${(ms / 1_000).toFixed(1)} s`;
}
