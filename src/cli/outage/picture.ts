// The day as a picture, an SVG: a line of time for each way, what failed in red and what was wrong in amber, behind it
// the day's incidents. Pure.

import type { Day, Incident } from './day.ts';
import { HOUR_MS, MINUTE_MS, timeOfDay } from './day.ts';
import type { Slice } from './downtime.ts';
import { WAYS } from './providers.ts';
import type { Report } from './report.ts';
import { checksOf, dollars, LABELS, minutes, percent } from './report.ts';
import type { Tally } from './tally.ts';

const WIDTH = 1200;
const LEFT = 220;
const RIGHT = 920;
const FIRST_ROW_Y = 178;
const ROW_HEIGHT = 44;
const ROW_STEP = 72;
const LABEL_LINES = 3;
const COLUMN_WIDTH = 2;
/** However short it was, it is seen. */
const LEAST_HEIGHT = 4;

const COLORS = {
  text: '#1f2933',
  faint: '#66727f',
  well: '#cfe8d5',
  failed: '#c62828',
  wrong: '#f5a623',
  incident: '#5b6b7b',
  outage: '#c62828',
  axis: '#b8c2cc',
};

export function pictureOf(report: Report): string {
  const { day, tallies, factor, seed } = report;
  const axisY = FIRST_ROW_Y + ROW_STEP * WAYS.length - 12;
  const height = axisY + 112;
  const [reduction] = checksOf(report);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" fill="${COLORS.text}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(24, 36, 'An outage day, and four ways through it', 'font-size="20" font-weight="600"'),
    text(24, 58, subtitle(report), `fill="${COLORS.faint}"`),
    ...bands(day, axisY),
    ...axis(day, axisY),
    ...WAYS.flatMap((way, index) => row({ label: LABELS[way], tally: tallies[way], y: rowY(index) })),
    ...legend(axisY + 54),
    text(
      24,
      axisY + 92,
      `Downtime of ${LABELS.synchronous} against ${LABELS.single}: ${reduction?.found ?? ''} less. Seed ${seed}, ${factor} times as fast as the clock; timeouts, breakers and pings, too.`,
      `fill="${COLORS.faint}"`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

function subtitle({ day, tallies }: Report): string {
  const questions = `${tallies.single.asked.toLocaleString('en-US')} questions`;
  const time =
    day.lengthMs > HOUR_MS ? `in ${day.lengthMs / HOUR_MS} hours` : `in a short day, times in minutes and seconds`;
  return `${questions} ${time}; the same for each way, over real HTTP, at simulated providers`;
}

function rowY(index: number): number {
  return FIRST_ROW_Y + index * ROW_STEP;
}

function x(dayMs: number, { lengthMs }: Day): number {
  return LEFT + (dayMs / lengthMs) * (RIGHT - LEFT);
}

function bands(day: Day, axisY: number): readonly string[] {
  return day.incidents.flatMap((incident, index) => {
    const [from, to] = [x(incident.fromMs, day), x(incident.toMs, day)];
    const labelY = 88 + (index % LABEL_LINES) * 24;
    const color = isDead(incident, day) ? COLORS.outage : COLORS.incident;
    return [
      `<rect x="${at(from)}" y="${labelY + 6}" width="${at(to - from)}" height="${at(axisY - labelY - 6)}" fill="${color}" fill-opacity="0.10"/>`,
      `<line x1="${at(from)}" y1="${labelY - 10}" x2="${at(from)}" y2="${at(axisY)}" stroke="${color}" stroke-opacity="0.45"/>`,
      text(from + 4, labelY, incident.label, `fill="${color}" font-size="12"`),
    ];
  });
}

function isDead({ places, share, fromMs, toMs }: Incident, { outage }: Day): boolean {
  const isAll = share === 1 && outage.places.every((place) => places.includes(place));
  return isAll && fromMs >= outage.fromMs && toMs <= outage.toMs;
}

function axis(day: Day, y: number): readonly string[] {
  const stepMs = day.lengthMs > HOUR_MS ? 3 * HOUR_MS : 2 * MINUTE_MS;
  const ticks = Array.from({ length: Math.floor(day.lengthMs / stepMs) + 1 }, (_, index) => stepMs * index);
  return [
    `<line x1="${LEFT}" y1="${y}" x2="${RIGHT}" y2="${y}" stroke="${COLORS.axis}"/>`,
    ...ticks.flatMap((dayMs) => [
      `<line x1="${at(x(dayMs, day))}" y1="${y}" x2="${at(x(dayMs, day))}" y2="${y + 5}" stroke="${COLORS.axis}"/>`,
      text(x(dayMs, day), y + 20, timeOfDay(dayMs, day), `text-anchor="middle" fill="${COLORS.faint}" font-size="12"`),
    ]),
    text(RIGHT + 20, FIRST_ROW_Y - 22, 'down', `fill="${COLORS.faint}" font-size="12"`),
    text(RIGHT + 110, FIRST_ROW_Y - 22, 'not answered right', `fill="${COLORS.faint}" font-size="12"`),
  ];
}

function row(input: { readonly label: string; readonly tally: Tally; readonly y: number }): readonly string[] {
  const { label, tally, y } = input;
  const { downtime, failed, wrong, lost } = tally;
  const faint = `fill="${COLORS.faint}" font-size="12"`;
  return [
    text(24, y + 26, label, 'font-weight="600"'),
    `<rect x="${LEFT}" y="${y}" width="${RIGHT - LEFT}" height="${ROW_HEIGHT}" fill="${COLORS.well}"/>`,
    ...columns(tally.slices).flatMap((column, index) => bars(column, LEFT + index * COLUMN_WIDTH, y)),
    text(RIGHT + 20, y + 18, percent(downtime.share), 'font-weight="600"'),
    text(RIGHT + 20, y + 36, minutes(downtime.ms), faint),
    text(RIGHT + 110, y + 18, `${failed + lost} failed, ${wrong} wrong`),
    text(RIGHT + 110, y + 36, `${dollars(downtime.usd)} of revenue`, faint),
  ];
}

/** The slices that fall into each column of the picture, as their mean. */
function columns(slices: readonly Slice[]): readonly Slice[] {
  const count = (RIGHT - LEFT) / COLUMN_WIDTH;
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column / count) * slices.length);
    const those = slices.slice(from, Math.max(from + 1, Math.floor(((column + 1) / count) * slices.length)));
    const mean = (part: keyof Slice) => those.reduce((sum, slice) => sum + slice[part], 0) / those.length;
    return { failed: mean('failed'), wrong: mean('wrong') };
  });
}

function bars({ failed, wrong }: Slice, left: number, top: number): readonly string[] {
  const heightOf = (share: number) => (share === 0 ? 0 : Math.max(LEAST_HEIGHT, share * ROW_HEIGHT));
  const [red, amber] = [heightOf(failed), heightOf(wrong)];
  const bar = (height: number, y: number, color: string) =>
    height === 0
      ? []
      : [`<rect x="${left}" y="${at(y)}" width="${COLUMN_WIDTH}" height="${at(height)}" fill="${color}"/>`];
  const bottom = top + ROW_HEIGHT;
  return [
    ...bar(red, bottom - red, COLORS.failed),
    ...bar(Math.min(amber, ROW_HEIGHT - red), bottom - Math.min(red + amber, ROW_HEIGHT), COLORS.wrong),
  ];
}

function legend(y: number): readonly string[] {
  const entries: readonly (readonly [string, string])[] = [
    [COLORS.well, 'answered right'],
    [COLORS.failed, 'failed'],
    [COLORS.wrong, 'wrong or cut, passed as right'],
  ];
  return entries.flatMap(([color, label], index) => [
    `<rect x="${LEFT + index * 150}" y="${y - 11}" width="13" height="13" fill="${color}"/>`,
    text(LEFT + index * 150 + 20, y, label),
  ]);
}

function text(left: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${at(left)}" y="${at(y)}"${attributes && ` ${attributes}`}>${escaped}</text>`;
}

/** A coordinate, short enough to be read. */
function at(value: number): string {
  return String(Number(value.toFixed(1)));
}
