// What the day came to, in words, as JSON and as a picture.

import { expect, test } from 'vitest';
import { FULL_DAY } from '../../src/cli/outage/day.ts';
import { pictureOf } from '../../src/cli/outage/picture.ts';
import type { Way } from '../../src/cli/outage/providers.ts';
import type { Report } from '../../src/cli/outage/report.ts';
import {
  brokenPromise,
  checksOf,
  deadCallsTable,
  mainTable,
  notesOf,
  reportJson,
} from '../../src/cli/outage/report.ts';
import type { Tally } from '../../src/cli/outage/tally.ts';

const HOLDFAST = { synchronous: tally({ share: 0.01 }), durable: tally({}) };
const REPORT = report({ single: tally({ share: 0.4 }), 'try-catch': tally({ share: 0.1, wrong: 3 }), ...HOLDFAST });

test('the aims are met or missed, each by its own number', () => {
  expect(checksOf(REPORT).map(({ isMet }) => isMet)).toEqual([true, true, true, true, true, true, true]);
  expect(checksOf(REPORT)[0]?.found).toBe('97.50 %');
  const slower = report({ ...REPORT.tallies, synchronous: tally({ share: 0.0121 }) });
  expect(checksOf(slower)[0]).toMatchObject({ found: '96.97 %', isMet: false });
  const leaky = tally({ deadCalls: { pastOpen: 1, probes: 3, breaks: 2 } });
  expect(checksOf(report({ ...REPORT.tallies, durable: leaky })).map(({ isMet }) => isMet)).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('a lost inference and a wrong answer passed as right break a promise; those of the other ways do not', () => {
  expect(brokenPromise(REPORT)).toBeNull();
  expect(brokenPromise(report({ ...REPORT.tallies, durable: tally({ lost: 2, wrong: 1 }) }))).toBe(
    'The outage day has broken a promise: Holdfast, durable lost 2; Holdfast, durable passed 1 wrong answers as right.',
  );
});

test('the tables have a row for each way and a cell for each heading', () => {
  const rows = mainTable(REPORT);
  expect(rows).toHaveLength(5);
  for (const row of rows) expect(row).toHaveLength(rows[0]?.length ?? 0);
  expect(rows[1]?.slice(0, 8)).toEqual(['one provider', '10', '10', '0', '0', '0', '40.00 %', '576.0 min']);
  expect(deadCallsTable(REPORT)[1]).toEqual(['one provider', '7']);
  expect(deadCallsTable(REPORT)[3]).toEqual(['Holdfast, synchronous', '7', '1', '1', '1', '0', '4']);
  expect(notesOf(REPORT).join('\n')).toContain('about 2.0 are its own 50 ms an inference');
});

test('as JSON it has no number that JSON lacks, and names every way', () => {
  const json = JSON.parse(JSON.stringify(reportJson(REPORT)));

  expect(Object.keys(json.ways)).toEqual(['single', 'try-catch', 'synchronous', 'durable']);
  expect(json.ways.single).toMatchObject({
    asked: 10,
    downtime: { share: 0.4, minutes: 576, usd: 19_200 },
    calls_to_dead_provider: { calls: 7, while_closed: 1, past_open_circuit: 0, breaks: 2 },
    latency_ms: { p50: 1_000, p95: null },
  });
  expect(json.checks[0]).toEqual({ aim: expect.stringContaining('97.00 %'), found: '97.50 %', met: true });
});

test('the picture is well-formed, shows each incident and way, and colours what failed and what was wrong', () => {
  const slices = [
    ...Array.from({ length: 720 }, () => ({ failed: 1, wrong: 0 })),
    ...Array.from({ length: 720 }, () => ({ failed: 0, wrong: 0.5 })),
  ];
  const picture = pictureOf(report({ ...REPORT.tallies, single: tally({ share: 0.75, slices }) }));

  expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  for (const { label } of FULL_DAY.incidents) expect(picture).toContain(`>${label}<`);
  for (const label of ['one provider', 'Holdfast, durable', '75.00 %', '18:00'])
    expect(picture).toContain(`>${label}<`);
  // 350 columns of two units: half of them red from top to bottom, half of them amber in their lower half.
  expect(picture.match(/height="44" fill="#c62828"/g)).toHaveLength(175);
  expect(picture.match(/height="22" fill="#f5a623"/g)).toHaveLength(175);
  expect(openTags(picture)).toEqual([]);
});

test('a failure that was short is still seen', () => {
  const slices = Array.from({ length: 1_440 }, (_, index) => ({ failed: index === 700 ? 0.1 : 0, wrong: 0 }));

  const picture = pictureOf(report({ ...REPORT.tallies, single: tally({ slices }) }));

  expect(picture.match(/height="4" fill="#c62828"/g)).toHaveLength(1);
});

function report(tallies: Readonly<Record<Way, Tally>>): Report {
  return { seed: 1, isShort: false, factor: 40, day: FULL_DAY, overheadMs: 50, tallies };
}

function tally(fields: {
  readonly share?: number;
  readonly wrong?: number;
  readonly lost?: number;
  readonly slices?: Tally['slices'];
  readonly deadCalls?: Partial<Tally['deadCalls']>;
}): Tally {
  const { share = 0, wrong = 0, lost = 0, slices = [], deadCalls } = fields;
  return {
    asked: 10,
    right: 10 - wrong - lost,
    wrong,
    failed: 0,
    lost,
    slices: slices.length > 0 ? slices : Array.from({ length: 1_440 }, () => ({ failed: 0, wrong: 0 })),
    downtime: { share, ms: share * FULL_DAY.lengthMs, usd: share * 24 * 2_000 },
    deadCalls: {
      calls: 7,
      pings: 4,
      whileClosed: 1,
      probes: 1,
      wholeChainOpen: 1,
      pastOpen: 0,
      breaks: 2,
      ...deadCalls,
    },
    bill: { costUsd: 1, pingsUsd: 0.1 },
    latencyMs: { p50: 1_000, p95: null },
    reasons: {},
  };
}

/** Names of the elements that are not closed. */
function openTags(xml: string): readonly string[] {
  const open: string[] = [];
  for (const [, slash, name = '', , selfClosing] of xml.matchAll(/<(\/?)([a-z]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (slash !== '') expect(open.pop()).toBe(name);
    else if (selfClosing === '') open.push(name);
  }
  return open;
}
