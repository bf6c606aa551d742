import { expect, it } from 'vitest';
import { plant } from '#lib/predict/fixtures.ts';
import { drawReadings } from './readings.ts';

const PDT = plant.tags.filter((tag) => tag.name === 'PDT1');

/** The same course of numbers each time. */
function numbers() {
  let state = 1;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

it('readings are normal where no anomaly is asked for', () => {
  for (const row of drawReadings(PDT, 200, 0, numbers())) {
    expect(row.PDT1).toBeGreaterThanOrEqual(PDT[0]?.normal?.[0] ?? NaN);
    expect(row.PDT1).toBeLessThanOrEqual(PDT[0]?.normal?.[1] ?? NaN);
  }
});

it('the share that is asked for is beyond the limits, within what can be true', () => {
  const [tag] = PDT;
  const rows = drawReadings(PDT, 400, 0.25, numbers());
  const [low, high] = tag?.normal ?? [NaN, NaN];
  const odd = rows.filter(({ PDT1 = null }) => PDT1 !== null && (PDT1 > high || PDT1 < low));
  expect(odd.length / rows.length).toBeGreaterThan(0.18);
  expect(odd.length / rows.length).toBeLessThan(0.32);
  for (const { PDT1 } of odd) {
    expect(PDT1).toBeGreaterThanOrEqual(tag?.range[0] ?? NaN);
    expect(PDT1).toBeLessThanOrEqual(tag?.range[1] ?? NaN);
  }
});
