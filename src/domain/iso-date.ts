// The instant that an ISO 8601 text means. By arithmetic: no clock, no time zone of the machine, no parser that differs.

/**
 * Two texts mean the same instant when what comes back is the same. Null when the text is no calendar date of the
 * extended form, with or without a time; one without an offset is in UTC, one without a time is its midnight.
 */
export function instantOf(text: string): string | null {
  const parts = ISO_8601.exec(text.normalize('NFKC').trim())?.groups;
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((name) =>
    Number(parts[name] ?? 0),
  ) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const offset = offsetMinutes(parts['offset'] ?? 'Z');
  if (offset === null) return null;
  const seconds = ((daysSinceEpoch({ year, month, day }) * 24 + hour) * 60 + minute - offset) * 60 + second;
  // As text: a fraction may have more digits than a number holds.
  return `${seconds}.${(parts['fraction'] ?? '').replace(/0+$/u, '')}`;
}

const ISO_8601 =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[Tt ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,18}))?)?(?: ?(?<offset>[Zz]|[-+\u2212]\d{2}(?::?\d{2})?))?)?$/u;

function offsetMinutes(offset: string): number | null {
  if (offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return null;
  return (offset.startsWith('+') ? 1 : -1) * (hours * 60 + minutes);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Years begin in March here, so that a leap day comes last: http://howardhinnant.github.io/date_algorithms.html. */
function daysSinceEpoch(date: { readonly year: number; readonly month: number; readonly day: number }): number {
  const year = date.month > 2 ? date.year : date.year - 1;
  const dayOfYear = Math.floor((153 * ((date.month + 9) % 12) + 2) / 5) + date.day - 1;
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + dayOfYear - 719_468;
}
