import { expect, it } from 'vitest';
import { EVERYTHING, faultOf, filterOf, describeFilter } from './filter.ts';

it('without a choice everything is meant', () => {
  expect(filterOf(EVERYTHING, 'UTC')).toEqual({});
  expect(describeFilter(EVERYTHING)).toBe('all your results');
});

it('times are those of the zone’s clock', () => {
  const form = { type: 'predict', since: '2026-07-01T02:00', until: '2026-12-01T02:00' } as const;
  expect(filterOf(form, 'Europe/Berlin')).toEqual({
    type: 'predict',
    since: '2026-07-01T00:00:00.000Z',
    until: '2026-12-01T01:00:00.000Z'
  });
  expect(describeFilter(form)).toBe(
    'all your results of type Prediction, from 2026-07-01 02:00, before 2026-12-01 02:00'
  );
});

it('an end before its beginning is said', () => {
  expect(faultOf({ type: '', since: '2026-07-01T02:00', until: '2026-07-01T02:00' })).not.toBe('');
  expect(faultOf({ type: '', since: '', until: '2026-07-01T02:00' })).toBe('');
});
