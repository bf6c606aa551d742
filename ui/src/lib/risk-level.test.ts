import { expect, it } from 'vitest';
import { againstThreshold, levelMark, riskLevel } from './risk-level.ts';

it.each([
  [0.5, 0.5, false, 'alarm'],
  [0.25, 0.5, false, 'elevated'],
  [0.24, 0.5, false, 'low'],
  [0.99, null, false, 'unknown'],
  [0.01, null, true, 'alarm']
] as const)('a risk of %d at a threshold of %s, alarm %s: %s', (risk, threshold, alarm, level) =>
  expect(riskLevel(risk, threshold, alarm)).toBe(level)
);

it.each([
  [0.1, 'full', 'low'],
  [0.1, 'reduced', 'unknown'],
  [0.1, 'none', 'unknown'],
  [0.3, 'reduced', 'elevated'],
  [0.3, 'none', 'unknown'],
  [0.6, 'none', 'alarm']
] as const)('a risk of %d of 0.5 with confidence %s is %s', (risk, confidence, level) =>
  expect(riskLevel(risk, 0.5, false, confidence)).toBe(level)
);

it('marks what is to be acted on now more than what is ahead', () => {
  expect([levelMark('alarm', false), levelMark('alarm', true), levelMark('elevated', true)]).toEqual([
    'high',
    'warning',
    'advice'
  ]);
  expect(levelMark('unknown', false)).toBeNull();
});

it.each([
  [0.56, 0.4, '1.4\u00a0× threshold'],
  [0.4, 0.4, '1.0\u00a0× threshold'],
  [0.399, 0.4, '0.9\u00a0× threshold'],
  [0.001, 0.4, '0.0\u00a0× threshold'],
  [0.4, null, 'no threshold'],
  [0.4, 0, 'no threshold']
])('%f against %s is %s', (risk, threshold, said) => expect(againstThreshold(risk, threshold)).toBe(said));
