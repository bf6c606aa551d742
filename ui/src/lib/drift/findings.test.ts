import { describe, expect, it } from 'vitest';
import type { Finding, DriftJudgement } from './drift.service.ts';
import { beyond, highest, matters, sortFindings } from './findings.ts';

const finding = (name: string, changes: Partial<Finding> = {}): Finding => ({
  name,
  kind: 'tag',
  unit: 'mbar',
  state: 'steady',
  psi: 0.1,
  psi_limit: 0.2,
  ks: 0.2,
  ks_limit: 0.4,
  shift: 0.3,
  shift_limit: 3,
  rows: 168,
  untrusted: 0,
  effective_rows: 20,
  seasons: [],
  since: null,
  shares: [0.25, 0.75],
  reference_shares: [0.5, 0.5],
  ...changes
});

describe('the table of drift', () => {
  it('begins with what drifts, then what can’t be judged, each the farthest first', () => {
    const tags = [
      finding('steady', { psi: 0.19 }),
      finding('few', { state: 'too_few', psi: 9 }),
      finding('drifts', { state: 'drift', psi: 0.4 }),
      finding('frozen', { state: 'instrument', psi: null }),
      finding('drifts more', { state: 'drift', psi: 4 })
    ];
    const judgement = {
      tags,
      scores: [finding('champion', { kind: 'score', psi: 0.01 })]
    } as unknown as DriftJudgement;
    expect(sortFindings(judgement).map((one) => one.name)).toEqual([
      'drifts more', 'drifts', 'frozen', 'few', 'steady', 'champion'
    ]); // prettier-ignore
    expect(tags[0]?.name).toBe('steady');
  });

  it('draws a limit in the middle of its bar', () => {
    expect(matters(finding('a', { psi: 0.2 }))).toMatchObject({
      value: 0.2,
      limit: 0.2,
      width: 0.5,
      passed: true
    });
    expect(matters(finding('a', { psi: 0.1 }))?.width).toBe(0.25);
    expect(matters(finding('a', { psi: 77 }))?.width).toBe(1);
    expect(matters(finding('a', { psi: 0.19 }))?.passed).toBe(false);
  });

  it('shows the clearer one of distance and shift', () => {
    expect(beyond(finding('a'))?.value).toBe(0.2);
    expect(beyond(finding('a', { shift: 12 }))).toMatchObject({
      statistic: 'shift',
      value: 12,
      limit: 3,
      passed: true
    });
    expect(beyond(finding('a', { ks: null }))?.value).toBe(0.3);
  });

  it('has no bar of what was not compared', () => {
    const frozen = finding('a', { psi: null, ks: null, ks_limit: null, shift: null, shift_limit: null, shares: [], reference_shares: [] }); // prettier-ignore
    expect([matters(frozen), beyond(frozen), highest(frozen)]).toEqual([null, null, 0.01]);
    expect(highest(finding('a'))).toBe(0.75);
  });
});
