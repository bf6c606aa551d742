import { expect, it } from 'vitest';
import type { Warning } from '#lib/live/types.ts';
import { alarmSpans, judgedSpans, placeNames, warningSpans } from './spans.ts';

const warning = {
  id: 5,
  since: '2026-01-01T00:00:00Z',
  cleared_time: null,
  horizon_hours: 3,
  judgement: { label: ['2026-01-01T02:00:00Z', '2026-01-01T04:00:00Z'] }
} as unknown as Warning;
const start = Date.parse(warning.since) / 1000;

it('joins rows that were alarms until the next row that was none', () => {
  expect(alarmSpans([10, 20, 30, 40, 50], [0, 1, 1, null, 1])).toEqual([
    { from: 20, to: 40, name: '' },
    { from: 50, to: null, name: '' }
  ]);
  expect(alarmSpans([], [])).toEqual([]);
});

it('names warnings with their horizon, open ones without an end', () => {
  expect(warningSpans([warning])).toEqual([{ from: start, to: null, name: '5 +3 h' }]);
});

it('shows periods that were judged true alone', () => {
  expect(judgedSpans([warning])[0]).toMatchObject({ from: start + 7200, to: start + 14_400 });
  expect(judgedSpans([{ ...warning, judgement: null }])).toEqual([]);
});

it('names spans where the name covers no other one', () => {
  const span = (left: number, right: number) => ({ name: 'x', left, right });
  expect(placeNames([span(100, 150), span(300, 310)], [40, 40], [0, 500])).toEqual([105, 305]);
  expect(placeNames([span(100, 150), span(130, 180)], [40, 40], [0, 500])).toEqual([55, 135]);
  expect(placeNames([span(0, 20), span(10, 30)], [40, 40], [0, 30])).toEqual([null, null]);
  expect(placeNames([span(470, 500)], [40], [0, 500])).toEqual([425]);
});
