/** How high a risk is against its threshold: one rule and one set of words for all pages; pure. */
import type { MarkKind } from '#lib/components/ShapeMark.svelte';
import { common } from '#lib/texts/common.ts';

export type RiskLevel = 'alarm' | 'elevated' | 'low' | 'unknown';

/** How far a score can be relied on: beside a bad signal less, with most inputs missing not at all. */
export type Confidence = 'full' | 'reduced' | 'none';

/** From the threshold on an alarm; from half of it on elevated; without one nobody knows, unless it is an alarm. A
 * score that can't be relied on is never low. */
export function riskLevel(
  risk: number,
  threshold: number | null,
  alarm = false,
  confidence: Confidence = 'full'
): RiskLevel {
  if (alarm) return 'alarm';
  if (threshold === null) return 'unknown';
  if (risk >= threshold) return 'alarm';
  if (confidence === 'none') return 'unknown';
  if (risk >= threshold / 2) return 'elevated';
  return confidence === 'full' ? 'low' : 'unknown';
}

/** Its shape; an alarm now is high, one ahead a warning. */
export function levelMark(level: RiskLevel, ahead: boolean): MarkKind | null {
  if (level === 'alarm') return ahead ? 'warning' : 'high';
  return level === 'elevated' ? 'advice' : null;
}

/** '1.4 × threshold'; below the threshold never rounded up to it. */
export function againstThreshold(risk: number, threshold: number | null): string {
  if (threshold === null || threshold <= 0) return common.noThreshold;
  const ratio = risk / threshold;
  return common.timesThreshold((ratio < 1 ? Math.floor(ratio * 10) / 10 : ratio).toFixed(1));
}
