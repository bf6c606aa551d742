/** A history's columns as the rows that the dashboard draws; pure. */
import type { Quality, Row, ScoredRow } from '#lib/live/types.ts';
import type { HistoryOverview, HistoryRows, HorizonSeries } from './replay.service.ts';

/** What a value's flags say, the worst first. */
const BITS: readonly (readonly [number, Quality])[] = [
  [16, 'missing'],
  [2, 'stale'],
  [4, 'frozen'],
  [8, 'saturated'],
  [1, 'held']
];

export const isoTime = (seconds: number) => new Date(seconds * 1000).toISOString();

export function qualityOf(flags: number): Quality {
  return BITS.find(([bit]) => flags & bit)?.[1] ?? 'good';
}

/** Rows with their values and quality. */
export function readingRows({ times, values, flags }: HistoryRows): Row[] {
  const columns = Object.entries(values);
  const bits = Object.entries(flags);
  return times.map((time, n) => ({
    timestamp: isoTime(time),
    values: Object.fromEntries(columns.map(([name, column]) => [name, column[n] ?? null])),
    quality: Object.fromEntries(bits.map(([tag, column]) => [tag, qualityOf(column[n] ?? 0)]))
  }));
}

/** What the models said of each row; rows that none was asked about are left out. */
export function scoredRows(
  plant: string,
  times: readonly number[],
  risk: readonly HorizonSeries[]
): ScoredRow[] {
  return times.flatMap((time, n) => {
    const scores = risk.flatMap((one) => scoreAt(one, n) ?? []);
    if (scores.length === 0) return [];
    return [
      {
        id: time,
        plant,
        plant_time: isoTime(time),
        risk: scores[0]?.probability ?? 0,
        alarm: scores.some((score) => score.alarm),
        passed_over: 0,
        scores,
        rules: [],
        stale: []
      }
    ];
  });
}

/** The whole history in few rows: where a point stands for several, one for its lowest and one for its highest values. */
export function overviewRows(overview: HistoryOverview): Row[] {
  const { times, low, high } = overview;
  const names = Object.keys(low);
  const rowOf = (time: number, columns: HistoryOverview['low'], n: number): Row => ({
    timestamp: isoTime(time),
    values: Object.fromEntries(names.map((name) => [name, columns[name]?.[n] ?? null])),
    quality: {}
  });
  if (high === null) return times.map((time, n) => rowOf(time, low, n));
  const half = (overview.rows_per_point * overview.interval_s) / 2;
  return times.flatMap((time, n) => [rowOf(time, low, n), rowOf(time + half, high, n)]);
}

/** The highest score over its threshold at each point; null where nothing is known. */
export function highestRatios(overview: HistoryOverview): (number | null)[] {
  return overview.times.map((_, n) => {
    const ratios = overview.risk.flatMap(({ decision, threshold }) => {
      const [value, limit] = [decision[n] ?? null, threshold[n] ?? null];
      return value === null || limit === null || limit <= 0 ? [] : [value / limit];
    });
    return ratios.length ? Math.max(...ratios) : null;
  });
}

function scoreAt(one: HorizonSeries, n: number): ScoredRow['scores'][number] | null {
  const [probability, threshold] = [one.decision[n] ?? null, one.threshold[n] ?? null];
  if (probability === null) return null;
  return {
    horizon_hours: one.hours,
    probability,
    calibrated: one.calibrated,
    low: null,
    high: null,
    threshold,
    alarm: threshold !== null && probability >= threshold,
    model: one.model,
    version: 0,
    prediction_id: '',
    confidence: 'full',
    bad_signals: []
  };
}
