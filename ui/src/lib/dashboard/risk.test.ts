import { expect, it } from 'vitest';
import type { ScoredRow, Warning } from '#lib/live/types.ts';
import { dashboard } from '#lib/texts/dashboard.ts';
import {
  chance,
  overThreshold,
  ratioText,
  headline,
  hoursNotTrusted,
  levelOf,
  withInterval,
  worst,
  worstWarning,
  type Score
} from './risk.ts';

function score(given: Partial<Score>): Score {
  const threshold = given.threshold === undefined ? 0.4 : given.threshold;
  const probability = given.probability ?? 0.1;
  return {
    horizon_hours: 0,
    calibrated: true,
    low: null,
    high: null,
    alarm: threshold !== null && probability >= threshold,
    model: 'm',
    version: 1,
    prediction_id: 'p',
    confidence: 'full',
    bad_signals: [],
    ...given,
    probability,
    threshold
  };
}
const row = (...scores: Score[]) => ({ scores }) as unknown as ScoredRow;
const warning = (given: Partial<Warning>) =>
  ({ id: 1, kind: 'model', state: 'new', horizon_hours: 3, ...given }) as Warning;

it('is an alarm from the threshold on, elevated from half of it on', () => {
  expect([0.1, 0.2, 0.39, 0.4].map((probability) => levelOf(score({ probability })))).toEqual([
    'low',
    'elevated',
    'elevated',
    'alarm'
  ]);
  expect(levelOf(score({ threshold: null, probability: 0.9 }))).toBe('unknown');
});

it('never calls a score low that nobody can rely on', () => {
  const bad = score({ probability: 0.01, confidence: 'reduced', bad_signals: ['PDT1'] });
  const blind = score({ probability: 0.01, confidence: 'none' });
  expect([levelOf(bad), levelOf(blind)]).toEqual(['unknown', 'unknown']);
  expect(headline(row(bad), null)).toMatch(/^Bad signal PDT1: a low risk means little/);
  expect(headline(row(score({}), blind), null)).toMatch(/^No confidence, most inputs are missing/);
  expect(levelOf(score({ probability: 0.5, confidence: 'none' }))).toBe('alarm');
  expect(headline(row(score({})), null, new Map([[0, 'It loses.']]))).toMatch(
    /^Not trusted now: a low risk means little/
  );
  const ahead = [0, 1, 3, 6].map((horizon_hours) => score({ horizon_hours }));
  const doubts = new Map([1, 3, 6, 12].map((hours) => [hours, 'It loses.']));
  expect(headline(row(...ahead), null, doubts)).toMatch(/^Not trusted 1, 3 and 6 h ahead: /);
  expect(dashboard.strip.notValidated(hoursNotTrusted(row(...ahead), doubts))).toBe(
    'Validation: 1, 3 and 6 h ahead not significantly better than trivial baselines.'
  );
});

it('compares scores over their thresholds, and never rounds one up to its threshold', () => {
  expect(overThreshold(score({ probability: 0.2, threshold: 0.4 }))).toBe(0.5);
  expect(overThreshold(score({ threshold: null }))).toBeNull();
  expect([0, 0.04, 0.999, 1, 1.44, 9.97, 33.3].map(ratioText)).toEqual([
    '0.0',
    '<0.1',
    '0.9',
    '1.0',
    '1.4',
    '10',
    '33'
  ]);
});

it('writes rare chances with a digit more', () => {
  expect([0, 0.0005, 0.033, 0.0998, 0.62, 0.998, 1].map(chance)).toEqual([
    '0\u00a0%',
    '<0.1\u00a0%',
    '3.3\u00a0%',
    '10\u00a0%',
    '62\u00a0%',
    '>99\u00a0%',
    '100\u00a0%'
  ]);
  expect(withInterval(score({ probability: 0.62, low: 0.48, high: 0.74 }))).toBe('62\u00a0% (48 to 74)');
});

it('puts the nearest alarm first, else what is closest to its threshold', () => {
  const far = score({ horizon_hours: 6, probability: 0.9 });
  const near = score({ horizon_hours: 1, probability: 0.5 });
  expect(worst(row(score({}), near, far))).toBe(near);
  const rare = score({ horizon_hours: 3, probability: 0.02, threshold: 0.03 });
  expect(worst(row(score({ probability: 0.2 }), rare))).toBe(rare);
});

it('puts rules before models, near before far, and leaves shelved ones out', () => {
  const open = [
    warning({ id: 4, horizon_hours: 6 }),
    warning({ id: 3, horizon_hours: 1 }),
    warning({ id: 2, horizon_hours: 0, state: 'shelved' })
  ];
  expect(worstWarning(open)?.id).toBe(3);
  expect(worstWarning([...open, warning({ id: 1, kind: 'rule', horizon_hours: 0 })])?.id).toBe(1);
  expect(worstWarning([])).toBeNull();
});

it('says what is coming, when and how sure', () => {
  const ahead = score({ horizon_hours: 3, probability: 0.62, low: 0.48, high: 0.74 });
  expect(headline(row(score({}), ahead), null)).toBe(
    'Alarm starts within 3 h: probability 62\u00a0% (48 to 74)'
  );
  expect(headline(row(score({}), ahead), warning({ id: 7 }))).toContain('warning 7');
  expect(headline(row(score({ probability: 0.12 })), null)).toBe(
    'No alarm expected. Closest to its threshold: 12\u00a0% now (threshold 40\u00a0%).'
  );
  expect(headline(row(score({ threshold: null })), null)).toContain('No threshold is set');
  expect(headline(row(score({ probability: 0.3 })), null)).toBe(
    'Below the threshold. Alarm risk 30\u00a0% now (threshold 40\u00a0%).'
  );
  const rule = {
    ...warning({ kind: 'rule' }),
    since: '2026-04-01T01:00:00Z',
    crossed: { description: 'PDT31008 above 300 mbar', rule: 'r' }
  };
  expect(headline(row(score({})), rule as Warning)).toBe(
    'Alarm rule met 2026-04-01 01:00: PDT31008 above 300 mbar'
  );
});

it('says that a warning stays open where the risk has fallen below its threshold', () => {
  const fallen = row(score({ horizon_hours: 3, probability: 0.3 }));
  expect(headline(fallen, warning({ id: 7 }))).toBe(
    'Warning 7 is still open: probability 30\u00a0% within 3 h (threshold 40\u00a0%).'
  );
});
