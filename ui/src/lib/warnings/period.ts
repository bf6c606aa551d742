/** Times as a form holds them: of the plant's clock, without a zone; pure. */
import { warnings } from '#lib/texts/warnings.ts';

export type Period = { start: string | null; end: string | null; fault: string };

/** A moment as forms hold it, in a zone: 2026-12-31T23:59. */
export function localTime(when: string | number, zone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short'
  }).format(new Date(when));
  return parts.replace(' ', 'T');
}

/** A typed time as forms hold it, midnight where only a date is given, empty where nothing is; null where it is no time. */
export function parseLocal(text: string): string | null {
  if (text.trim() === '') return '';
  const [, date, time = '00:00'] = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}))?$/.exec(text.trim()) ?? [];
  const local = `${date}T${time}`;
  const moment = Date.parse(`${local}Z`);
  // A day that its month hasn't would be one of the next month.
  return Number.isNaN(moment) || new Date(moment).toISOString().slice(0, 16) !== local ? null : local;
}

/** The moment, in UTC, at which a zone's clock shows `local`; of the two of an autumn night the earlier one. */
export function momentOf(local: string, zone: string): string {
  const asUtc = Date.parse(`${local}Z`);
  const offsets = [asUtc - 86_400_000, asUtc + 86_400_000].map((near) => offsetAt(near, zone));
  const found = offsets.map((offset) => asUtc - offset).toSorted((a, b) => a - b);
  const shown = found.find((moment) => localTime(moment, zone) === local.slice(0, 16));
  return new Date(shown ?? found[0] ?? asUtc).toISOString();
}

/** The next moment at which a shift starts, in UTC; null where no shift is known. */
export function shiftEnd(starts: readonly string[], zone: string, now: number): string | null {
  const [today] = localTime(now, zone).split('T');
  const tomorrow = new Date(Date.parse(`${today}T00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  const moments = [today, tomorrow].flatMap((day) =>
    starts.map((start) => momentOf(`${day}T${start}`, zone))
  );
  return moments.filter((moment) => Date.parse(moment) > now).toSorted()[0] ?? null;
}

/** Both times, or neither, in order. */
export function periodOf(start: string, end: string, zone: string): Period {
  if (!start && !end) return { start: null, end: null, fault: '' };
  if (!start || !end) return { start: null, end: null, fault: warnings.verdictForm.both };
  const period = { start: momentOf(start, zone), end: momentOf(end, zone) };
  return { ...period, fault: period.end < period.start ? warnings.verdictForm.order : '' };
}

function offsetAt(moment: number, zone: string): number {
  const minute = Math.floor(moment / 60_000) * 60_000;
  return Date.parse(`${localTime(minute, zone)}:00Z`) - minute;
}
