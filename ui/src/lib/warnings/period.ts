/** Times as a form holds them: of the plant's clock, without a zone; pure. */
import { warnings } from '#lib/texts/warnings.ts';

export type Period = { start: string | null; end: string | null; fault: string };

/** A moment as `datetime-local` wants it, in a zone. */
export function localTime(when: string | number, zone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short'
  }).format(new Date(when));
  return parts.replace(' ', 'T');
}

/** The moment, in UTC, at which a zone's clock shows `local`; of the two of an autumn night the earlier one. */
export function momentOf(local: string, zone: string): string {
  const asUtc = Date.parse(`${local}Z`);
  const offsets = [asUtc - 86_400_000, asUtc + 86_400_000].map((near) => offsetAt(near, zone));
  const found = offsets.map((offset) => asUtc - offset).toSorted((a, b) => a - b);
  const shown = found.find((moment) => localTime(moment, zone) === local.slice(0, 16));
  return new Date(shown ?? found[0] ?? asUtc).toISOString();
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
