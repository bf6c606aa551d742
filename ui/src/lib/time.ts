/** Times as people read them: in the plant's zone, with UTC beside. */
import { plants } from '#lib/plant/plants-manager.svelte.ts';

export type TimeStyle = 'time' | 'short' | 'full';

/** As ISO 8601 writes dates and times, with a space between. */
const LOCALE = 'sv-SE';
const STYLES: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  time: { timeStyle: 'short' },
  short: { dateStyle: 'short', timeStyle: 'short' },
  full: { dateStyle: 'short', timeStyle: 'medium' }
};
const formatters = new Map<string, Intl.DateTimeFormat>();

/** A time in the zone of the plant that is shown, or in another one. */
export function plantTime(
  when: string | number | Date,
  style: TimeStyle = 'short',
  zone = plants.zone
): string {
  return formatter(zone, style).format(new Date(when));
}

/** A time for an axis, where the year is known. */
export function axisTime(seconds: number): string {
  return plantTime(seconds * 1000).slice('2026-'.length);
}

/** The same moment in UTC, for titles. */
export function utcTime(when: string | number | Date): string {
  return `${formatter('UTC', 'full').format(new Date(when))} UTC`;
}

/** A length of time in words: '40 s', '12 min', '3.5 h', '2 d'. */
export function span(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

function formatter(zone: string, style: TimeStyle): Intl.DateTimeFormat {
  const key = `${zone} ${style}`;
  const found = formatters.get(key) ?? new Intl.DateTimeFormat(LOCALE, { ...STYLES[style], timeZone: zone });
  formatters.set(key, found);
  return found;
}
