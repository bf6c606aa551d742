/** Spans of time below the trends: when each horizon was an alarm, warnings, periods judged true. */
import type { Warning } from '#lib/live/live-manager.svelte.ts';
import { dashboard } from '#lib/texts/dashboard.ts';

/** In seconds; `to` is null while it goes on. */
export type Span = { from: number; to: number | null; name: string };
const words = dashboard.trend;
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
