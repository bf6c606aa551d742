/** What the strip says of scores and warnings; pure. */
import type { ScoredRow, Warning } from '#lib/live/types.ts';
import { dashboard } from '#lib/texts/dashboard.ts';
import { riskLevel, type RiskLevel } from '#lib/risk-level.ts';
import { plantTime } from '#lib/time.ts';

export type Score = ScoredRow['scores'][number];
const words = dashboard.strip;

export const levelOf = ({ probability, threshold, alarm, confidence }: Score): RiskLevel =>
  riskLevel(probability, threshold, alarm, confidence);

/** Why a score can't be relied on; empty: it can. */
export function doubtOf({ confidence, bad_signals }: Score): string {
  if (confidence === 'none') return words.noConfidence;
  return confidence === 'reduced' ? words.badSignal(bad_signals.join(', ')) : '';
}

/** A score over its threshold, by which models of different thresholds compare; null without one. */
export function overThreshold({ probability, threshold }: Score): number | null {
  return threshold === null || threshold <= 0 ? null : probability / threshold;
}

/** '1.4', '12': a ratio to the threshold; below 1 never rounded up to it. */
export function ratioText(ratio: number): string {
  if (ratio > 0 && ratio < 0.1) return '<0.1';
  if (ratio < 1) return (Math.floor(ratio * 10) / 10).toFixed(1);
  return ratio < 9.95 ? ratio.toFixed(1) : ratio.toFixed(0);
}

/** A probability with the digits that rare events need: '3.3 %', '17 %'. */
export function chance(probability: number): string {
  const hundredth = probability * 100;
  if (hundredth > 0 && hundredth < 0.1) return '<0.1\u00a0%';
  if (hundredth > 99 && hundredth < 100) return '>99\u00a0%';
  return `${hundredth.toFixed(hundredth > 0 && hundredth < 9.95 ? 1 : 0)}\u00a0%`;
}

/** '62 % (48 to 74)': a probability with its interval. */
export function withInterval({ probability, low, high }: Score): string {
  if (low === null || high === null) return chance(probability);
  return `${chance(probability)} (${interval(low, high).join(' to ')})`;
}

/** Both ends of an interval in per cent, without the sign. */
export function interval(low: number, high: number): [string, string] {
  const inPercent = (end: number) => (end * 100).toFixed(end > 0 && end < 0.0995 ? 1 : 0);
  return [inPercent(low), inPercent(high)];
}

/** The score that matters most: the nearest alarm, else the one closest to its threshold. */
export function worst(row: ScoredRow): Score | null {
  const alarm = row.scores.find((score) => levelOf(score) === 'alarm');
  if (alarm) return alarm;
  const closeness = (score: Score) => score.probability / (score.threshold || 1);
  return row.scores.toSorted((a, b) => closeness(b) - closeness(a))[0] ?? null;
}

/** The warning that matters most: a rule or an alarm now, else the nearest one; shelved ones don't count. */
export function worstWarning(open: readonly Warning[]): Warning | null {
  const rank = (warning: Warning) => (warning.kind === 'rule' ? -1 : warning.horizon_hours);
  const seen = open.filter((warning) => warning.state !== 'shelved');
  return seen.toSorted((a, b) => rank(a) - rank(b) || b.id - a.id)[0] ?? null;
}

const when = (hours: number) => (hours === 0 ? words.at : words.within(hours));

function calmHeadline(score: Score, doubt: string): string {
  const [likely, ahead] = [chance(score.probability), when(score.horizon_hours)];
  const { threshold } = score;
  if (threshold === null) return words.unjudged(likely, ahead);
  if (doubt) return words.doubted(doubt, likely, ahead, chance(threshold));
  return (levelOf(score) === 'elevated' ? words.closer : words.calm)(likely, ahead, chance(threshold));
}

/** At which hours ahead the validation doesn't trust the row's scores. */
export const hoursNotTrusted = (row: ScoredRow, untrusted: ReadonlyMap<number, string>): number[] =>
  row.scores.map(({ horizon_hours: hours }) => hours).filter((hours) => untrusted.has(hours));

/** Whether anything is coming, when, and how sure; `untrusted` has the horizons that the validation doesn't trust. */
export function headline(
  row: ScoredRow,
  warning: Warning | null,
  untrusted: ReadonlyMap<number, string> = new Map()
): string {
  if (warning?.kind === 'rule') {
    const { description, rule } = warning.crossed;
    return words.rule(description || rule || '', plantTime(warning.since));
  }
  const of = warning && row.scores.find((score) => score.horizon_hours === warning.horizon_hours);
  const score = of ?? worst(row);
  if (!score) return words.waiting;
  const doubt = row.scores.map(doubtOf).find((said) => said !== '') ?? '';
  if (!warning && levelOf(score) !== 'alarm') {
    const hours = hoursNotTrusted(row, untrusted);
    return calmHeadline(score, doubt || (hours.length ? words.notTrustedAt(hours) : ''));
  }
  if (warning && score.threshold !== null && levelOf(score) !== 'alarm') {
    const [likely, ahead] = [chance(score.probability), when(score.horizon_hours)];
    return words.lingers(warning.id, likely, ahead, chance(score.threshold));
  }
  const { horizon_hours: hours } = score;
  const said =
    hours === 0 ? words.alarmNow(withInterval(score)) : words.alarmAhead(hours, withInterval(score));
  return warning ? words.open(said, warning.id) : said;
}
