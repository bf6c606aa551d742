import { expect, it } from 'vitest';
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';
import { crossedLimit } from '#lib/plant/limits.ts';
import { isBad, limits, moves, placeOn, scaleOf, slope, units } from './plant-view.ts';

function tag(given: Partial<Tag>): Tag {
  return {
    name: 'P1',
    description: '',
    unit: 'mbar',
    range: [0, 1000],
    normal: [100, 200],
    limits: { LL: null, L: 50, H: 280, HH: 300 },
    process_unit: 'D304',
    role: 'indicator',
    controller: null,
    aggregates: [],
    used: true,
    ...given
  };
}

it('shows what is measured and used, by process unit', () => {
  const plant = {
    process_units: ['D301', 'D304', 'D900'],
    tags: [
      tag({ name: 'A' }),
      tag({ name: 'B', process_unit: 'D301', role: 'pv' }),
      tag({ name: 'C', role: 'sp' }),
      tag({ name: 'D', used: false })
    ]
  } as unknown as Plant;
  expect(units(plant).map((unit) => [unit.name, unit.tags.map((one) => one.name)])).toEqual([
    ['D301', ['B']],
    ['D304', ['A']]
  ]);
});

it('names the worst limit that is crossed', () => {
  expect([40, 60, 280, 299, 300, null].map((value) => crossedLimit(tag({}), value))).toEqual([
    'L',
    null,
    'H',
    'H',
    'HH',
    null
  ]);
  expect(limits(tag({})).map(([name]) => name)).toEqual(['L', 'H', 'HH']);
});

it('scales a bar by limits and band, and by the range where there are none', () => {
  const [low, high] = scaleOf(tag({}));
  expect([low, high]).toEqual([20, 330]);
  expect(placeOn([low, high], 5000)).toBe(1);
  expect(scaleOf(tag({ normal: null, limits: {} }))).toEqual([0, 1000]);
});

it('calls frozen and missing values bad, held ones not', () => {
  expect((['good', 'held', undefined] as const).some(isBad)).toBe(false);
  expect((['stale', 'frozen', 'saturated', 'missing'] as const).every(isBad)).toBe(true);
});

it('tells the change an hour over the newest hours alone, over gaps', () => {
  const times = [0, 1, 2, 3, 4, 5].map((hour) => hour * 3600);
  expect(slope(times, [900, 0, 14, null, 42, 56])).toBeCloseTo(14);
  expect(slope(times, [1, 2, 3, null, null, 6])).toBeNull();
  expect(moves(tag({}), 4)).toBe(false);
  expect(moves(tag({}), -6)).toBe(true);
});
