import { describe, expect, it } from 'vitest';
import { loggedFigure, noChallenger, question, sides } from './champions.ts';
import { model, modelsOf, version } from './fixtures.ts';

describe('champion and challenger', () => {
  it('are told by their aliases', () => {
    const found = modelsOf([version(3, ['challenger']), version(2, ['champion']), version(1, ['previous'])]);
    const { champion, challenger, rollback } = sides({ ...found, rollback: 1 });
    expect([champion?.version, challenger?.version, rollback]).toEqual([2, 3, 1]);
  });

  it('may be missing', () => {
    expect(sides(modelsOf([]))).toEqual({
      champion: null,
      challenger: null,
      rollback: null,
      versions: []
    });
    expect(sides({ ...modelsOf([]), models: [] }).champion).toBeNull();
  });

  it('a missing challenger is explained by what there is', () => {
    const said = (...versions: Parameters<typeof modelsOf>[0]) => noChallenger(sides(modelsOf(versions)));
    expect(said(version(2, ['champion']), version(1, []))).toContain('the newest version is serving');
    expect(said(version(3, []), version(2, ['champion']))).toContain('version 3 is the newest');
    expect(said(version(1, []))).not.toContain('serving');
    expect(said()).not.toContain('serving');
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
