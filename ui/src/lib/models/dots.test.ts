import { describe, expect, it } from 'vitest';
import { axis, dots } from './dots.ts';
import type { Horizon, ModelFigures } from './models.service.ts';

const none = { value: null, low: null, high: null };
const at = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
const result = (model: string, trivial: boolean, value: number): ModelFigures => ({
  model, trivial, pr_auc: at(value), roc_auc: none, brier: at(value), recall: none, lead: none, false_hours: none, false_episodes: none
}); // prettier-ignore
const horizon: Horizon = {
  hours: 0, base_rate: 0.2, n_events: 5, outcome: {}, calibration: {}, doubt: '',
  figures: [result('a', false, 0.4), result('clock', true, 0.9), result('b', false, 0.6)]
}; // prettier-ignore

describe('a dot plot', () => {
  it('has models before baselines, the best first', () => {
    expect(dots(horizon, 'pr_auc').map((row) => row.name)).toEqual(['b', 'a', 'clock']);
    expect(dots(horizon, 'brier').map((row) => row.name)).toEqual(['a', 'b', 'clock']);
  });

  it('leaves out who has no such figure', () => {
    expect(dots(horizon, 'roc_auc')).toEqual([]);
  });

  it('shows shares from 0 to 1 and others over what there is', () => {
    expect(axis([], 'pr_auc').to).toBe(1);
    const rows = [{ name: 'a', trivial: false, value: 5, low: 3, high: 7.1 }];
    expect(axis(rows, 'false_hours')).toEqual({ from: 0, to: 8, ticks: [0, 2, 4, 6, 8] });
    expect(axis([{ name: 'a', trivial: false, value: 0, low: -1, high: 2 }], 'lead').from).toBe(-1);
    expect(axis([], 'lead').to).toBeGreaterThan(0);
  });
});
