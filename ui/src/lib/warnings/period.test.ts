import { describe, expect, test } from 'vitest';
import { localTime, momentOf, parseLocal, periodOf, shiftEnd } from './period.ts';

describe('times of a form', () => {
  test.each([
    ['2026-07-01T12:30', 'Europe/Berlin', '2026-07-01T10:30:00.000Z'],
    ['2026-01-01T00:00', 'Europe/Berlin', '2025-12-31T23:00:00.000Z'],
    ['2026-03-29T03:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-06-01T12:00', 'Asia/Kolkata', '2026-06-01T06:30:00.000Z'],
    ['2026-06-01T12:00', 'UTC', '2026-06-01T12:00:00.000Z']
  ])('%s in %s is %s, and back', (local, zone, moment) => {
    expect(momentOf(local, zone)).toBe(moment);
    expect(localTime(moment, zone)).toBe(local);
  });

  test('of the two of an autumn night the earlier one is meant', () => {
    expect(momentOf('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  });

  test.each([
    ['2026-12-31 23:59', '2026-12-31T23:59'],
    [' 2026-12-31T23:59 ', '2026-12-31T23:59'],
    ['2026-12-31', '2026-12-31T00:00'],
    ['', ''],
    ['2026-02-30 10:00', null],
    ['2026-12-31 24:30', null],
    ['12/31/2026 23:59', null],
    ['soon', null]
  ])('typed %j is %j', (text, local) => expect(parseLocal(text)).toBe(local));

  test('a period has both ends in order, or none', () => {
    expect(periodOf('', '', 'UTC')).toEqual({ start: null, end: null, fault: '' });
    expect(periodOf('2026-01-01T00:00', '', 'UTC').fault).toMatch(/both/);
    expect(periodOf('2026-01-01T02:00', '2026-01-01T01:00', 'UTC').fault).toMatch(/end must be after/);
    expect(periodOf('2026-01-01T01:00', '2026-01-01T01:00', 'UTC').fault).toBe('');
  });
});

test('a shift ends as the next one starts, on the plant’s clock', () => {
  const starts = ['06:00', '14:00', '22:00'];
  const at = (time: string) => shiftEnd(starts, 'Europe/Berlin', Date.parse(time));
  expect(at('2026-01-08T06:00:00Z')).toBe('2026-01-08T13:00:00.000Z');
  expect(at('2026-01-08T13:00:00Z')).toBe('2026-01-08T21:00:00.000Z');
  expect(at('2026-01-08T22:30:00Z')).toBe('2026-01-09T05:00:00.000Z');
  expect(at('2026-03-28T22:30:00Z')).toBe('2026-03-29T04:00:00.000Z');
  expect(shiftEnd([], 'UTC', 0)).toBeNull();
});
