import { expect, it } from 'vitest';
import { HOUR, makeOverview, makeRows } from './fixtures.ts';
import { highestRatios, overviewRows, qualityOf, readingRows, scoredRows } from './past-rows.ts';
import { alarmShades, spanRowsOf } from './past-spans.ts';

it('makes rows of columns, with the worst thing that flags say', () => {
  const rows = readingRows(makeRows(0, 3, 3));
  expect(rows.map(({ values }) => values.P)).toEqual([0, 1, 2]);
  expect(rows[2]).toMatchObject({ timestamp: '1970-01-01T02:00:00.000Z', quality: { P: 'stale' } });
  expect([0, 1, 4, 9, 17].map(qualityOf)).toEqual(['good', 'held', 'frozen', 'saturated', 'missing']);
});

it('leaves out rows that no model was asked about, and says where one is an alarm', () => {
  const { times, risk } = makeRows(0, 5, 5);
  const scored = scoredRows('unit', times, risk);
  expect(scored).toHaveLength(4);
  expect(scored.map(({ alarm }) => alarm)).toEqual([false, false, false, true]);
});

it('draws a point of several rows from its lowest to its highest value', () => {
  const overview = makeOverview(8, {
    rows_per_point: 4,
    times: [0, 4 * HOUR],
    low: { P: [0, 4] },
    high: { P: [3, 7] }
  });
  const rows = overviewRows(overview);
  expect(rows.map(({ values }) => values.P)).toEqual([0, 3, 4, 7]);
  expect(rows[1]?.timestamp).toBe('1970-01-01T02:00:00.000Z');
});

it('knows the highest risk over its threshold, where anything is known', () => {
  const ratios = highestRatios(makeOverview(5));
  expect(ratios[0]).toBeNull();
  expect(ratios[4]).toBeCloseTo(1.8);
});

it('shows what was noted and which rules were met in rows of their own, each to the end of its last row', () => {
  const rows = spanRowsOf(makeOverview(9));
  expect(rows.map(({ name }) => name)).toEqual(['warning', 'noted', 'rule']);
  expect(rows[2]?.spans).toEqual([{ name: 'high pressure', from: 3 * HOUR, to: 5 * HOUR }]);
  expect(spanRowsOf(makeOverview(9, { labels: [] })).map(({ name }) => name)).toEqual(['warning']);
  expect(alarmShades(makeOverview(9))).toEqual([{ name: '', from: 3 * HOUR, to: 5 * HOUR }]);
});
