/** What to do about a risk: one rule and one set of words for all pages; pure. */
import type { MarkKind } from '#lib/components/Mark.svelte';

export type Urgency = 'act' | 'watch' | 'unlikely' | 'unknown';

/** From the threshold on, act; from half of it on, watch; without one nobody knows, unless it is an alarm. */
export function urgency(risk: number, threshold: number | null, alarm = false): Urgency {
  if (alarm) return 'act';
  if (threshold === null) return 'unknown';
  if (risk >= threshold) return 'act';
  return risk >= threshold / 2 ? 'watch' : 'unlikely';
}

/** Its shape; an alarm now is high, one ahead a warning. */
export function urgencyMark(level: Urgency, ahead: boolean): MarkKind | null {
  if (level === 'act') return ahead ? 'warning' : 'high';
  return level === 'watch' ? 'advice' : null;
}
