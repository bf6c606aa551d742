/** What the table of drift shows of each tag and score. */
import type { Finding, DriftJudgement } from './drift.service.ts';

/** A value beside the limit that it has to reach, as a bar of which the limit is the middle. */
export type Statistic = 'psi' | 'ks' | 'shift';
export type LimitRatio = {
  statistic: Statistic;
  value: number;
  limit: number;
  width: number;
  passed: boolean;
};

const ORDER: Record<Finding['state'], number> = { drift: 0, instrument: 1, too_few: 2, steady: 3 };

/** Tags and scores, what drifts first, then the farthest. */
export function sortFindings(judgement: DriftJudgement): Finding[] {
  return [...judgement.tags, ...judgement.scores].sort(
    (a, b) => ORDER[a.state] - ORDER[b.state] || (b.psi ?? -1) - (a.psi ?? -1)
  );
}

/** How much a change matters. */
export const matters = (finding: Finding): LimitRatio | null =>
  against('psi', finding.psi, finding.psi_limit);

/** How far a change is beyond chance: by the distance, or by the shift of the mean where that is clearer. */
export function beyond(finding: Finding): LimitRatio | null {
  const ways = [
    against('ks', finding.ks, finding.ks_limit),
    against('shift', finding.shift, finding.shift_limit)
  ];
  return ways.reduce((best, way) => (way && (!best || ratio(way) > ratio(best)) ? way : best), null);
}

/** The highest share, which the small pictures are scaled to. */
export const highest = (finding: Finding): number =>
  Math.max(0.01, ...finding.shares, ...finding.reference_shares);

const ratio = (way: LimitRatio) => way.value / way.limit;

function against(statistic: Statistic, value: number | null, limit: number | null): LimitRatio | null {
  if (value === null || limit === null || limit <= 0) return null;
  return { statistic, value, limit, width: Math.min(1, value / limit / 2), passed: value >= limit };
}
