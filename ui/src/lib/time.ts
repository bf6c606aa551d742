/** Times as people read them: in the plant's zone, with UTC beside. */
import { plants } from '#lib/plant/plants-manager.svelte.ts';

export type TimeStyle = 'time' | 'short' | 'full';

const STYLES: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  time: { hour: '2-digit', minute: '2-digit' },
  short: { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: { dateStyle: 'medium', timeStyle: 'medium' }
};
const made = new Map<string, Intl.DateTimeFormat>();

/** A time in the zone of the plant that is shown, or in another one. */
export function plantTime(
  when: string | number | Date,
  style: TimeStyle = 'short',
  zone = plants.zone
): string {
  return formatter(zone, style).format(new Date(when));
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
  const found =
    made.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...STYLES[style], timeZone: zone, hourCycle: 'h23' });
  made.set(key, found);
  return found;
}
