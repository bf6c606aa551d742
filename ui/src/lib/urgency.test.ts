import { expect, it } from 'vitest';
import { urgency, urgencyMark } from './urgency.ts';

it.each([
  [0.5, 0.5, false, 'act'],
  [0.25, 0.5, false, 'watch'],
  [0.24, 0.5, false, 'unlikely'],
  [0.99, null, false, 'unknown'],
  [0.01, null, true, 'act']
] as const)('a risk of %d at a threshold of %s, alarm %s: %s', (risk, threshold, alarm, level) =>
  expect(urgency(risk, threshold, alarm)).toBe(level)
);

it('marks what is to be acted on now more than what is ahead', () => {
  expect([urgencyMark('act', false), urgencyMark('act', true), urgencyMark('watch', true)]).toEqual([
    'high',
    'warning',
    'advice'
  ]);
  expect(urgencyMark('unknown', false)).toBeNull();
});
