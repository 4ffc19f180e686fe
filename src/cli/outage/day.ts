// The outage day: what goes wrong, where and when, as plain data, and its short form. All times are of the day, from
// midnight; how fast it is played is decided elsewhere.

export const PLACES = ['primary-us', 'primary-eu', 'secondary', 'tertiary'] as const;

/** A provider of the day. The primary has two regions, and each region is a provider of its own. */
export type Place = (typeof PLACES)[number];

type Trouble =
  /** The connection is reset. */
  | 'reset'
  /** 503. */
  | 'unavailable'
  /** The request is taken, and nothing comes. */
  | 'silent'
  /** 500. */
  | 'error'
  /** 429 with a hint when to come back. */
  | 'rate-limited'
  /** A whole answer, `SLOWDOWN` times as late. */
  | 'slow'
  /** 200 with half of the answer, which ends at a limit the client has not set, or with none. */
  | 'cut-or-empty';

export interface Incident {
  readonly label: string;
  readonly places: readonly Place[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly trouble: Trouble;
  /** Of the calls. */
  readonly share: number;
}

export interface Day {
  readonly lengthMs: number;
  /** Between two questions, on average. */
  readonly meanGapMs: number;
  /** By how much it is more in the afternoon and less at night, from 0 to 1. */
  readonly swing: number;
  /** Downtime is told in steps of this. */
  readonly sliceMs: number;
  readonly incidents: readonly Incident[];
  /** The share of calls that fail at any time of day. */
  readonly background: Readonly<Record<Place, number>>;
  /** In which the primary is dead. */
  readonly outage: { readonly places: readonly Place[]; readonly fromMs: number; readonly toMs: number };
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

const PRIMARY: readonly Place[] = ['primary-us', 'primary-eu'];

export const FULL_DAY: Day = {
  lengthMs: 24 * HOUR_MS,
  // In fast motion that is more than one a second and way, on a machine that also runs everything else: much more, and
  // the day would measure the machine. A breaker that wants five calls in a minute mostly learns from its pings, then.
  meanGapMs: 30 * SECOND_MS,
  swing: 0.4,
  sliceMs: MINUTE_MS,
  incidents: [
    incident('one region fails', ['primary-us'], [1.5, 3.5], 'error', 0.4),
    incident('rate-limit storm', PRIMARY, [5, 6], 'rate-limited', 0.85),
    incident('outage: resets', PRIMARY, [8, 10], 'reset'),
    incident('outage: 503', PRIMARY, [10, 12], 'unavailable'),
    // The one that everybody fails over to is not spared: whoever knows only two providers has none now.
    incident('secondary out too', ['secondary'], [11, 11 + 1 / 3], 'unavailable'),
    incident('outage: silence', PRIMARY, [12, 14], 'silent'),
    incident('latency spike', PRIMARY, [16, 17], 'slow'),
    incident('cut and empty answers', PRIMARY, [19, 20.5], 'cut-or-empty', 0.8),
  ],
  background: { 'primary-us': 0.003, 'primary-eu': 0.003, secondary: 0.01, tertiary: 0.005 },
  outage: { places: PRIMARY, fromMs: 8 * HOUR_MS, toMs: 14 * HOUR_MS },
};

/** The same incidents in under twenty minutes: they are shorter, while clients, breakers and pings wait as long as ever. */
export const SHORT_DAY: Day = {
  ...FULL_DAY,
  lengthMs: 1_100 * SECOND_MS,
  meanGapMs: 15 * SECOND_MS,
  swing: 0,
  sliceMs: 10 * SECOND_MS,
  incidents: shortened(FULL_DAY.incidents, [
    [60, 160],
    [200, 290],
    [340, 440],
    [440, 540],
    [480, 520],
    [540, 640],
    [720, 820],
    [880, 1_000],
  ]),
  outage: { ...FULL_DAY.outage, fromMs: 340 * SECOND_MS, toMs: 640 * SECOND_MS },
};

/** At other times, in seconds. */
function shortened(incidents: readonly Incident[], times: readonly (readonly [number, number])[]): readonly Incident[] {
  return incidents.map((one, index) => {
    const [from, to] = times[index] ?? [0, 0];
    return { ...one, fromMs: from * SECOND_MS, toMs: to * SECOND_MS };
  });
}

function incident(
  label: string,
  places: readonly Place[],
  hours: readonly [number, number],
  trouble: Trouble,
  share = 1,
): Incident {
  return { label, places, fromMs: hours[0] * HOUR_MS, toMs: hours[1] * HOUR_MS, trouble, share };
}

/** `07:05`, as a clock on the wall shows it; in a short day minutes and seconds. */
export function timeOfDay(dayMs: number, { lengthMs }: Pick<Day, 'lengthMs'>): string {
  const parts = Math.floor(dayMs / (lengthMs > HOUR_MS ? MINUTE_MS : SECOND_MS));
  return [Math.floor(parts / 60), parts % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
