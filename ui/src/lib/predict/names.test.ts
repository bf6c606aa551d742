import { expect, it } from 'vitest';
import { byOwner, inputNames } from './names.ts';

it('says what a pattern of inputs stands for', () =>
  expect(inputNames(['LT301031*', 'PDT1_*', 'PDT1_max'])).toEqual([
    'all of LT301031',
    'all of PDT1',
    'PDT1_max'
  ]));

it('puts each feature to its tag, and deviations to their controller', () => {
  const names = ['LIC2_PV_mean_3h', 'LIC2_deviation', 'LIC2_PV', 'hour_sin', 'PDT10_std'];
  const found = byOwner(
    names.map((feature) => ({ feature })),
    ['LIC2', 'LIC2_PV', 'PDT1', 'PDT10']
  );
  expect([...found].map(([owner, features]) => [owner, features.length])).toEqual([
    ['LIC2_PV', 2],
    ['LIC2', 1],
    ['hour_sin', 1],
    ['PDT10', 1]
  ]);
});
