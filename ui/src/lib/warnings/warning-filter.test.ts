import { describe, expect, test } from 'vitest';
import { made } from './fixtures.ts';
import { everything, matches, merged, queryOf } from './warning-filter.ts';

describe('which warnings are listed', () => {
  test('an empty filter asks for the plant alone', () => {
    expect(queryOf(everything, 'demo', 'UTC')).toEqual({ plant: 'demo' });
    expect(queryOf(everything, undefined, 'UTC')).toEqual({});
  });

  test('times are of the plant’s clock, and the horizon now is a horizon', () => {
    const filter = { ...everything, horizon: '0', since: '2026-07-01T12:00' };
    expect(queryOf(filter, undefined, 'Europe/Berlin')).toEqual({
      horizon_hours: 0,
      since: '2026-07-01T10:00:00.000Z'
    });
  });

  test('events are filtered as the gateway filters', () => {
    expect(matches(made(), {})).toBe(true);
    expect(matches(made({ state: 'cleared' }), { state: 'open' })).toBe(false);
    expect(matches(made({ state: 'shelved' }), { state: 'open' })).toBe(true);
    expect(matches(made(), { state: 'acknowledged' })).toBe(false);
    expect(matches(made(), { plant: 'other' })).toBe(false);
    expect(matches(made(), { kind: 'rule' })).toBe(false);
    expect(matches(made(), { horizon_hours: 1 })).toBe(false);
    expect(matches(made(), { since: '2026-11-29T12:00:00Z' })).toBe(true);
    expect(matches(made(), { until: '2026-11-29T12:00:00Z' })).toBe(false);
  });

  test('known ones change in their place, new ones come first on the newest page alone', () => {
    const page = [made({ id: 8 }), made({ id: 7 })];
    const changed = [made({ id: 9 }), made({ id: 7, state: 'acknowledged' }), made({ id: 3 })];
    const states = (isNewest: boolean) =>
      merged(page, changed, {}, isNewest).map(({ id, state }) => [id, state]);
    expect(states(true)).toEqual([[9, 'new'], [8, 'new'], [7, 'acknowledged']]); // prettier-ignore
    expect(states(false)).toEqual([[8, 'new'], [7, 'acknowledged']]); // prettier-ignore
  });

  test('what has left the filter stays until the page is read anew', () => {
    const left = made({ id: 8, state: 'acknowledged' });
    expect(merged([made({ id: 8 })], [left], { state: 'new' }, true)).toEqual([left]);
    expect(merged([], [left], { state: 'new' }, true)).toEqual([]);
  });
});
