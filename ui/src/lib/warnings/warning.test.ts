import { describe, expect, test } from 'vitest';
import type { ScoredRow, Warning } from '#lib/live/types.ts';
import { makeWarning } from './fixtures.ts';
import {
  advice,
  chance,
  drivers,
  headline,
  leadHours,
  leadName,
  mark,
  newestChance,
  outcome,
  severity
} from './warning.ts';

const row = (plant: string, time: string): ScoredRow =>
  ({ plant, plant_time: time, scores: [{ horizon_hours: 3, probability: 0.12 }] }) as unknown as ScoredRow;

describe('what a warning says', () => {
  test('a rare event keeps the digit that tells it from its threshold', () => {
    expect([0, 0.0334, 0.0328, 0.168, null].map(chance)).toEqual([
      '0\u00a0%',
      '3.3\u00a0%',
      '3.3\u00a0%',
      '17\u00a0%',
      '–'
    ]);
    expect([0.0004, 0.0995, 0.999, 1].map(chance)).toEqual([
      '<0.1\u00a0%',
      '10.0\u00a0%',
      '>99\u00a0%',
      '100\u00a0%'
    ]);
    expect(headline(makeWarning())).toBe(
      'Alarm starts within 3 h: probability 17\u00a0% (threshold 9.6\u00a0%)'
    );
  });

  test('a rule is told by its description, else by its name', () => {
    const crossed = {
      rule: 'high_dp',
      description: 'PDT31008 above 300 mbar',
      probability: 0.4,
      threshold: null
    };
    expect(headline(makeWarning({ kind: 'rule', crossed }))).toBe('PDT31008 above 300 mbar');
    expect(headline(makeWarning({ kind: 'rule', crossed: { ...crossed, description: '' } }))).toBe('high_dp');
  });

  test('an alarm now is high and one ahead a warning, filled until it is acknowledged', () => {
    expect(severity(makeWarning({ horizon_hours: 0 }))).toBe('high');
    expect(severity(makeWarning({ kind: 'rule' }))).toBe('high');
    expect(severity(makeWarning())).toBe('warning');
    const marks = [
      makeWarning(),
      makeWarning({ state: 'acknowledged' }),
      makeWarning({ horizon_hours: 0 }),
      makeWarning({ state: 'cleared' })
    ];
    expect(marks.map(mark)).toEqual(['▲', '△', '◆', '○']);
  });

  test('hours are a lead only where something came; else those that it was open', () => {
    const newest = row('demo', '2026-11-29T17:00:00Z');
    expect(leadHours(makeWarning(), newest)).toBe(5);
    expect(leadHours(makeWarning(), row('other', '2026-11-29T17:00:00Z'))).toBe(2);
    const came = makeWarning({ outcome: 'came_true', lead_hours: 1.5 });
    expect([leadHours(came, newest), leadName(came)]).toEqual([1.5, 'Lead time']);
    expect(leadName(makeWarning())).toBe('Open for');
    expect(leadHours(makeWarning({ cleared_time: '2026-11-29T14:00:00Z' }), newest)).toBe(2);
    expect(leadHours(makeWarning(), null)).toBe(2);
  });

  test('an outcome is told as it was, whatever the verdict', () => {
    const judgement = { verdict: 'true' } as Warning['judgement'];
    expect(outcome(makeWarning({ outcome: 'early', judgement }))).toBe('early');
    expect(outcome(makeWarning({ outcome: 'missed', missed_by_hours: 2 }))).toBe('missed by 2.0 h');
    expect(outcome(makeWarning({ kind: 'rule', outcome: null }))).toBe('alarm');
  });

  test('the newest chance is of its own horizon and plant, and of what is open', () => {
    const newest = row('demo', '2026-11-29T17:00:00Z');
    expect(newestChance(makeWarning(), newest)).toBe(0.12);
    expect(newestChance(makeWarning({ horizon_hours: 1 }), newest)).toBeNull();
    expect(newestChance(makeWarning({ state: 'cleared' }), newest)).toBeNull();
    expect(newestChance(makeWarning({ plant: 'other' }), newest)).toBeNull();
  });

  test('drivers and advice of an unknown form are left out, missing ones stay unknown', () => {
    expect(
      drivers(makeWarning({ drivers: [{ tag: 'A', contribution: 1 }, { tag: 'B' }, null, 'C'] }))
    ).toEqual([{ tag: 'A', contribution: 1 }]);
    expect(drivers(makeWarning({ drivers: null }))).toBeNull();
    expect(advice(makeWarning({ advice: [{ advice: 'x' }, { advice: 'y', check: [] }] }))).toEqual([
      { advice: 'y', check: [] }
    ]);
  });
});
