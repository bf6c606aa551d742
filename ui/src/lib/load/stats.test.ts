import { describe, expect, it } from 'vitest';
import { histogram, percentile, summary, tally } from './stats.ts';

const HUNDRED = Array.from({ length: 100 }, (_, n) => n + 1);

describe('percentiles', () => {
  it.each([
    [0.5, 50],
    [0.95, 95],
    [0.99, 99],
    [0.991, 100],
    [1, 100]
  ])('of 1 to 100, %d is %d', (share, value) => expect(percentile(HUNDRED, share)).toBe(value));

  it('of one value are that value, of none NaN', () => {
    expect([percentile([7], 0.01), percentile([7], 0.99)]).toEqual([7, 7]);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('do not depend on the order, and leave the values as they are', () => {
    const values = [30, 10, 20];
    expect(summary(values)).toEqual({ count: 3, mean: 20, p50: 20, p95: 30, p99: 30, max: 30 });
    expect(values).toEqual([30, 10, 20]);
    expect(summary([])).toBeNull();
  });
});

describe('a histogram', () => {
  it('counts every value once, in a bin that holds it', () => {
    const values = [0, 0.01, 1, 1.5, 2, 7.9, 8, 8, 1000];
    const bins = histogram(values);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(values.length);
    for (const value of values.slice(2))
      expect(bins.some((bin) => bin.count > 0 && value >= bin.from * 0.999 && value < bin.to)).toBe(true);
  });

  it('has bins without gaps whose bounds double', () => {
    const bins = histogram([1, 8], 1);
    expect(bins).toEqual([
      { from: 1, to: 2, count: 1 },
      { from: 2, to: 4, count: 0 },
      { from: 4, to: 8, count: 0 },
      { from: 8, to: 16, count: 1 }
    ]);
    expect(histogram([])).toEqual([]);
  });

  it('of many values does not run out of arguments', () =>
    expect(histogram(Array.from({ length: 200_000 }, (_, n) => n % 50)).length).toBeGreaterThan(1));
});

it('a tally has the most frequent first', () =>
  expect(tally(['b', 'a', 'b', 'c'])).toEqual([
    ['b', 2],
    ['a', 1],
    ['c', 1]
  ]));
