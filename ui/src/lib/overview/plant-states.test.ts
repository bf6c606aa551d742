import { expect, it } from 'vitest';
import type { Pulse } from '#lib/live/pulses.svelte.ts';
import type { ScoredRow } from '#lib/live/types.ts';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';
import { makeWarning } from '#lib/warnings/fixtures.ts';
import { stateOf, worstFirst } from './plant-states.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const plant = (name: string, change: Partial<Plant> = {}) =>
  ({ name, title: name, live: true, simulated: false, ready: true, interval_s: 60, ...change }) as Plant;
const row = (time: string, probability = 0.1) =>
  ({
    plant_time: time,
    scores: [{ horizon_hours: 0, probability, threshold: 0.5, alarm: probability >= 0.5, confidence: 'full' }]
  }) as ScoredRow;
const heard = (ms: number, ...scores: ScoredRow[]): Pulse => ({ scores, heardAt: NOW - ms, fault: '' });
const silent: Pulse = { scores: [], heardAt: null, fault: '' };
const warning = (name: string, change = {}) => makeWarning({ plant: name, state: 'new', ...change });

it('ranks alarms now before warnings, silence, and what is quiet; what never receives anything comes last', () => {
  const warnings = [
    warning('ahead', { horizon_hours: 3 }),
    warning('nearer', { horizon_hours: 1 }),
    warning('now', { horizon_hours: 0 }),
    warning('rule', { horizon_hours: 3, kind: 'rule' }),
    warning('quiet', { state: 'shelved' }),
    warning('quiet', { state: 'cleared' })
  ];
  const plants = [
    plant('past', { live: false }),
    plant('quiet'),
    plant('silent'),
    plant('unserved', { ready: false }),
    ...['ahead', 'now', 'nearer', 'rule'].map((name) => plant(name))
  ];
  const states = plants.map((one) =>
    stateOf(one, warnings, one.name === 'silent' ? silent : heard(1000, row('2026-01-01T23:59:00Z')), NOW)
  );
  const ranked = worstFirst(states).map(({ plant, word }) => [plant.name, word]);
  expect(ranked.slice(0, 2).map(([, word]) => word)).toEqual(['alarm', 'alarm']);
  expect(ranked.slice(2)).toEqual([
    ['nearer', 'warning'],
    ['ahead', 'warning'],
    ['silent', 'stale'],
    ['unserved', 'unserved'],
    ['quiet', 'quiet'],
    ['past', 'history']
  ]);
});

it('is stale after four intervals, by what came or by a real plant’s own clock', () => {
  const at = (pulse: Pulse, change: Partial<Plant> = {}) => stateOf(plant('p', change), [], pulse, NOW);
  expect(at(heard(239_000)).word).toBe('quiet');
  expect(at(heard(241_000)).word).toBe('stale');
  const old = { scores: [row('2026-01-01T20:00:00Z')], heardAt: null, fault: '' };
  expect(at(old)).toMatchObject({ word: 'stale', age: 4 * 3_600_000 - 60_000 });
  expect(at(old, { simulated: true }).word).toBe('quiet');
  expect(at(heard(16_000), { simulated: true }).word).toBe('stale');
});

it('has the highest score over its threshold of each row', () => {
  const { ratios } = stateOf(plant('p'), [], heard(0, row('a', 0.1), row('b', 1)), NOW);
  expect(ratios).toEqual([0.2, 2]);
});

it('is not scored where the live service says so, and a warning that is open beside stale readings says both', () => {
  const failing = { ...heard(0), fault: 'scoring failed: see the log' };
  expect(stateOf(plant('p'), [], failing, NOW)).toMatchObject({ word: 'unserved', fault: failing.fault });
  const open = [warning('p', { horizon_hours: 0 })];
  expect(stateOf(plant('p'), open, silent, NOW)).toMatchObject({ word: 'alarm', stale: true });
});
