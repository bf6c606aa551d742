/** What a warning says, in the words and numbers that are shown; pure. */
import type { ScoredRow, Warning } from '#lib/live/types.ts';
import { warnings as words } from '#lib/texts/warnings.ts';
import { span } from '#lib/time.ts';

export type Driver = { tag: string; contribution: number };
export type Urgency = 'advice' | 'warning' | 'high';
export type Advice = { advice: string; urgency: Urgency; check: string[]; why: string };
export type Severity = 'high' | 'warning';

const HOUR_MS = 3_600_000;
const MARKS = {
  high: { new: '◆', acknowledged: '◇' },
  warning: { new: '▲', acknowledged: '△' }
} as const;

/** An alarm now is high; one ahead is a warning. */
export function severity(warning: Warning): Severity {
  return warning.kind === 'rule' || warning.horizon_hours === 0 ? 'high' : 'warning';
}

/** The shape of a state: filled where nobody has acknowledged it. */
export function mark(warning: Warning): string {
  if (warning.state === 'cleared') return '○';
  return warning.state === 'shelved' ? '◫' : MARKS[severity(warning)][warning.state];
}

/** 'now', or 'within 3 h'. */
export function horizon(hours: number): string {
  return hours === 0 ? words.now : words.within(hours);
}

/** A probability with as many digits as thresholds of rare events need: '3.3 %', '17 %'. */
export function chance(probability: number | null | undefined): string {
  if (probability === null || probability === undefined) return '–';
  const hundredth = probability * 100;
  if (hundredth > 0 && hundredth < 0.1) return '<0.1\u00a0%';
  if (hundredth > 99 && hundredth < 100) return '>99\u00a0%';
  return `${hundredth.toFixed(hundredth > 0 && hundredth < 10 ? 1 : 0)}\u00a0%`;
}

/** What it warns of, in one line. */
export function headline(warning: Warning): string {
  const { rule, description, probability, threshold } = warning.crossed;
  if (rule !== null) return description || rule;
  const limit = threshold === null ? words.noThreshold : chance(threshold);
  const { horizon_hours: hours } = warning;
  return hours === 0
    ? words.alarmNow(chance(probability), limit)
    : words.alarmAhead(hours, chance(probability), limit);
}

/** Its lead time, where something came; else the hours from its opening until it cleared, or the newest row. */
export function leadHours(warning: Warning, newest: ScoredRow | null): number {
  if (warning.lead_hours !== null) return warning.lead_hours;
  const seen = newest?.plant === warning.plant ? newest.plant_time : warning.newest_time;
  const hours = (end: string) => (Date.parse(end) - Date.parse(warning.since)) / HOUR_MS;
  return warning.cleared_time === null
    ? Math.max(hours(seen), hours(warning.newest_time))
    : hours(warning.cleared_time);
}

/** What the hours of `leadHours` are. */
export function leadName(warning: Warning): string {
  if (warning.lead_hours !== null) return words.leadTime;
  return warning.state === 'cleared' ? words.wasOpen : words.openFor;
}

/** What became of it: whether an alarm rule was met when it was forecast. A rule's warning is an alarm itself. */
export function outcome(warning: Warning): string {
  if (warning.outcome === null) return words.outcomes.alarm;
  const { missed_by_hours: missed } = warning;
  if (warning.outcome === 'missed' && missed !== null) return words.missedBy(span(missed * HOUR_MS));
  return words.outcomes[warning.outcome];
}

/** What the newest row says of the horizon that the warning is of. */
export function newestChance(warning: Warning, newest: ScoredRow | null): number | null {
  if (warning.kind === 'rule' || warning.state === 'cleared' || newest?.plant !== warning.plant) return null;
  const of = newest.scores.find((score) => score.horizon_hours === warning.horizon_hours);
  return of?.probability ?? null;
}

/** Tags that move it, the largest first; null where nobody knows. */
export function drivers(warning: Warning): Driver[] | null {
  return warning.drivers?.filter(isDriver) ?? null;
}

/** What to do, the most urgent first; null where nobody knows. */
export function advice(warning: Warning): Advice[] | null {
  return warning.advice?.filter(isAdvice) ?? null;
}

function isDriver(value: unknown): value is Driver {
  const found = value as Partial<Driver> | null;
  return typeof found?.tag === 'string' && typeof found.contribution === 'number';
}

function isAdvice(value: unknown): value is Advice {
  const found = value as Partial<Advice> | null;
  return typeof found?.advice === 'string' && Array.isArray(found.check);
}
