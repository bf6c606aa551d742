import { describe, expect, it } from 'vitest';
import { loggedFigure, question, sides } from './champions.ts';
import { model, modelsOf, version } from './fixtures.ts';

describe('champion and challenger', () => {
  it('are told by their aliases', () => {
    const found = modelsOf([version(3, ['challenger']), version(2, ['champion']), version(1, ['previous'])]);
    const { champion, challenger, previous } = sides(found);
    expect([champion?.version, challenger?.version, previous?.version]).toEqual([2, 3, 1]);
  });

  it('may be missing', () => {
    expect(sides(modelsOf([]))).toEqual({ champion: null, challenger: null, previous: null });
    expect(sides({ ...modelsOf([]), models: [] }).champion).toBeNull();
  });

  it('have figures where all of an interval was logged', () => {
    const metrics = { pr_auc: 0.6, pr_auc_low: 0.4, pr_auc_high: 0.8, f1: 0.5 };
    expect(loggedFigure({ ...version(1, []), metrics }, 'pr_auc')).toEqual({
      value: 0.6,
      low: 0.4,
      high: 0.8
    });
    expect(loggedFigure({ ...version(1, []), metrics }, 'f1')).toBeNull();
  });
});

describe('what a model is asked', () => {
  it('follows from its task', () => {
    expect(question(model('onset', 3))).toBe('alarm starts within 3 h');
    expect(question(model('nowcast', 0))).toBe('alarm now');
    expect(question({ ...model('nowcast', 0), serving: null })).toBe('–');
    expect(question(model('toString', 0))).toBe('–');
  });
});
