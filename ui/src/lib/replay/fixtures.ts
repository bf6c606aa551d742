/** A history for tests: hourly rows, an alarm now at some of them. */
import type { HistoryOverview, HistoryRows } from './replay.service.ts';

export const HOUR = 3600;

export function makeRows(first: number, count: number, total: number): HistoryRows {
  const hours = Array.from({ length: count }, (_, n) => first + n);
  return {
    plant: 'unit',
    fingerprint: 'f',
    times: hours.map((hour) => hour * HOUR),
    values: { P: hours },
    flags: { P: hours.map((hour) => (hour === 2 ? 1 + 2 : 0)) },
    risk: [
      {
        hours: 0,
        model: 'champion',
        calibrated: true,
        decision: hours.map((hour) => (hour < 1 ? null : hour % 4 === 0 ? 0.9 : 0.1)),
        threshold: hours.map(() => 0.5)
      }
    ],
    next: first + count < total ? (first + count) * HOUR : null
  };
}

export function makeOverview(total: number, change: Partial<HistoryOverview> = {}): HistoryOverview {
  const { times, values, risk } = makeRows(0, total, total);
  return {
    plant: 'unit',
    fingerprint: 'f',
    interval_s: HOUR,
    start: 0,
    end: (total - 1) * HOUR,
    rows: total,
    rows_per_point: 1,
    times,
    low: values,
    high: null,
    risk,
    labels: [
      { kind: 'rule', name: 'high_pressure', start: 3 * HOUR, end: 4 * HOUR },
      { kind: 'period', name: 'noted', start: 4 * HOUR, end: 4 * HOUR }
    ],
    alarms: [[3 * HOUR, 4 * HOUR]],
    warnings: [
      {
        start: 2 * HOUR,
        end: 5 * HOUR,
        horizon_hours: 0,
        opened_horizon_hours: 3,
        peak: 1.8,
        alarm: 3 * HOUR
      },
      { start: 7 * HOUR, end: null, horizon_hours: 0, opened_horizon_hours: 0, peak: 1.1, alarm: null }
    ],
    ...change
  };
}
