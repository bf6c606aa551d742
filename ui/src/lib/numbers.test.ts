import { expect, it } from 'vitest';
import { percent, reading } from './numbers.ts';

it.each([
  [0, '0 %'],
  [0.004, '<1 %'],
  [0.256, '26 %'],
  [0.997, '>99 %'],
  [1, '100 %'],
  [null, '–']
])('shows %s as %s', (probability, shown) => expect(percent(probability)).toBe(shown));

it('shows as many digits as the range makes sense of', () => {
  expect(reading(231.24, [0, 400])).toBe('231');
  expect(reading(7.26, [0, 25])).toBe('7.3');
  expect(reading(0.1234, [0, 1])).toBe('0.123');
  expect(reading(-7.26, [-10, 120])).toBe('−7.3');
  expect(reading(null, [0, 1])).toBe('–');
  expect(reading(Number.NaN, [0, 1])).toBe('–');
});
