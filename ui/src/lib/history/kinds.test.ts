import { expect, test } from 'vitest';
import type { EntrySummary } from './history.service.ts';
import { byKind, spanOf } from './kinds.ts';

const entry = (id: number, type: EntrySummary['type']): EntrySummary => ({
  id,
  type,
  created_at: `2026-01-08T0${id}:00:00Z`,
  plant: 'demo',
  model: 'm',
  version: 1,
  prediction_id: 'p',
  risk_score: 0.5,
  alarm: false
});

test('each kind of risk has a course of its own, and all share the time', () => {
  const entries = [entry(1, 'forecast'), entry(2, 'predict'), entry(3, 'forecast')];
  expect(byKind(entries).map(({ type, entries }) => [type, entries.map(({ id }) => id)])).toEqual([
    ['predict', [2]],
    ['forecast', [1, 3]]
  ]);
  const [from, to] = spanOf(entries) ?? [0, 0];
  expect([from % 60, to - from]).toEqual([0, 2 * 3600 + 60]);
});

test('one moment has its minute, and nothing has no time', () => {
  const [from, to] = spanOf([entry(1, 'auto')]) ?? [0, 0];
  expect(to - from).toBe(60);
  expect(spanOf([])).toBeNull();
});
