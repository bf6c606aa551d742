import { expect, it } from 'vitest';
import { percent, reading, unitText } from './numbers.ts';

it.each([
  [0, '0\u00a0%'],
  [0.004, '<1\u00a0%'],
  [0.256, '26\u00a0%'],
  [0.997, '>99\u00a0%'],
  [1, '100\u00a0%'],
  [null, '–']
])('shows %s as %s', (probability, shown) => expect(percent(probability)).toBe(shown));

it('shows as many digits as the range makes sense of', () => {
  expect(reading(231.24, { range: [0, 400] })).toBe('231');
  expect(reading(7.26, { range: [0, 25] })).toBe('7.3');
  expect(reading(0.1234, { range: [0, 1] })).toBe('0.123');
  expect(reading(-7.26, { range: [-10, 120] })).toBe('−7.3');
  expect(reading(50.012, { range: [40, 60], normal: [49.95, 50.05] })).toBe('50.012');
  expect(reading(null, { range: [0, 1] })).toBe('–');
  expect(reading(Number.NaN, { range: [0, 1] })).toBe('–');
});

it.each([
  ['degC', '°C'],
  ['m3/h', 'm³/h'],
  ['kg/m3', 'kg/m³'],
  ['mm2', 'mm²'],
  ['mbar', 'mbar'],
  ['m', 'm'],
  ['', '']
])('writes the unit %j as %j', (unit, shown) => expect(unitText(unit)).toBe(shown));
