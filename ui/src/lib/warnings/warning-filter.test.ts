import { describe, expect, test } from 'vitest';
import { makeGroup, makeWarning } from './fixtures.ts';
import { everything, matches, mergeChanges, queryOf } from './warning-filter.ts';

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
    expect(matches(makeWarning(), {})).toBe(true);
    expect(matches(makeWarning({ state: 'cleared' }), { state: 'open' })).toBe(false);
    expect(matches(makeWarning({ state: 'shelved' }), { state: 'open' })).toBe(true);
    expect(matches(makeWarning(), { state: 'acknowledged' })).toBe(false);
    expect(matches(makeWarning(), { plant: 'other' })).toBe(false);
    expect(matches(makeWarning(), { kind: 'rule' })).toBe(false);
    expect(matches(makeWarning(), { horizon_hours: 1 })).toBe(false);
    expect(matches(makeWarning(), { since: '2026-11-29T12:00:00Z' })).toBe(true);
    expect(matches(makeWarning(), { until: '2026-11-29T12:00:00Z' })).toBe(false);
  });

  test('known ones change in their place, new ones come first on the newest page alone', () => {
    const page = [makeGroup(makeWarning({ id: 8 })), makeGroup(makeWarning({ id: 7 }))];
    const changed = [
      makeWarning({ id: 9 }),
      makeWarning({ id: 7, state: 'acknowledged' }),
      makeWarning({ id: 3 })
    ];
    const states = (isNewest: boolean) =>
      mergeChanges(page, changed, {}, isNewest).map(({ warnings: [one] }) => [one?.id, one?.state]);
    expect(states(true)).toEqual([[9, 'new'], [8, 'new'], [7, 'acknowledged']]); // prettier-ignore
    expect(states(false)).toEqual([[8, 'new'], [7, 'acknowledged']]); // prettier-ignore
  });

  test('a repeat joins its group, which comes first', () => {
    const page = [makeGroup(makeWarning({ id: 8 })), makeGroup(makeWarning({ id: 7 }))];
    const repeat = makeWarning({ id: 9, group_id: 7, repeat: 2 });
    const ids = (groups: typeof page) =>
      groups.map(({ id, count, warnings }) => [id, count, warnings.map((one) => one.id)]);
    expect(ids(mergeChanges(page, [repeat], {}, true))).toEqual([
      [7, 2, [9, 7]],
      [8, 1, [8]]
    ]);
    const older = makeWarning({ id: 10, group_id: 2, repeat: 5 });
    expect(ids(mergeChanges(page, [older], {}, true))[0]).toEqual([2, 5, [10]]);
  });

  test('what has left the filter stays until the page is read anew', () => {
    const left = makeWarning({ id: 8, state: 'acknowledged' });
    const page = [makeGroup(makeWarning({ id: 8 }))];
    expect(mergeChanges(page, [left], { state: 'new' }, true)).toEqual([makeGroup(left)]);
    expect(mergeChanges([], [left], { state: 'new' }, true)).toEqual([]);
  });
});
