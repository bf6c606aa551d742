/** Spans of time below the trends: when each horizon was an alarm, warnings, periods judged true. */
import type { Warning } from '#lib/live/types.ts';
import { dashboard } from '#lib/texts/dashboard.ts';

/** In seconds; `to` is null while it goes on. */
export type Span = { from: number; to: number | null; name: string };
/** A span in pixels. */
export type PlacedSpan = { name: string; left: number; right: number };
const words = dashboard.trend;
/** Around a name, in pixels: the mark of the span's beginning, and air. */
const GAP = 5;
const seconds = (time: string) => Date.parse(time) / 1000;

/** Warnings of the plant, in the plant's time. */
export function warningSpans(warnings: readonly Warning[]): Span[] {
  return warnings.map((warning) => ({
    from: seconds(warning.since),
    to: warning.cleared_time === null ? null : seconds(warning.cleared_time),
    name: words.warning(warning.id, warning.horizon_hours)
  }));
}

/** Periods that somebody judged to be true alarms. */
export function judgedSpans(warnings: readonly Warning[]): Span[] {
  return warnings.flatMap((warning) => {
    const label = warning.judgement?.label;
    return label ? [{ from: seconds(label[0]), to: seconds(label[1]), name: words.judged(warning.id) }] : [];
  });
}

/** Runs of rows at which a horizon was an alarm; each lasts until the next row. */
export function alarmSpans(times: readonly number[], alarms: readonly (number | null)[]): Span[] {
  const found: Span[] = [];
  let from: number | null = null;
  for (let i = 0; i <= times.length; i++) {
    if (alarms[i] === 1) from ??= times[i] as number;
    else if (from !== null) {
      found.push({ from, to: times[i] ?? null, name: '' });
      from = null;
    }
  }
  return found;
}

/**
 * Where each span's name begins, in pixels: after its beginning where the next span leaves room,
 * else before it; null where neither does, as names must cover neither each other nor other spans.
 * Spans come in the order of their beginnings; `dot` is the size of a pixel.
 */
export function placeNames(
  spans: readonly PlacedSpan[],
  widths: readonly number[],
  [first, last]: readonly [number, number],
  dot = 1
): (number | null)[] {
  const gap = GAP * dot;
  let [named, covered] = [first, first];
  return spans.map(({ left, right }, n) => {
    const width = widths[n] ?? 0;
    const next = spans[n + 1]?.left ?? last;
    const after = Math.max(left, first) + gap;
    const before = left - gap - width;
    const isFree = after >= named && after + width <= next;
    const x = isFree ? after : before >= Math.max(named, covered) ? before : null;
    if (x !== null) named = x + width + gap;
    covered = Math.max(covered, right);
    return x;
  });
}
