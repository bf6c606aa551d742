import { expect, test } from 'vitest';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';
import { drivingTags, extremeRead, setPointOf } from './driving-tags.ts';
import { makeWarning } from './fixtures.ts';

const tag = (name: string, role = 'indicator', controller: string | null = null) => ({
  name,
  role,
  controller
});
const plant = {
  tags: [
    tag('PDT31008'),
    tag('TE301020'),
    tag('FIC31011_PV', 'pv', 'FIC31011'),
    tag('FIC31011_SP', 'sp', 'FIC31011'),
    tag('FIC31011_OP', 'op', 'FIC31011')
  ],
  alarm_rules: [{ name: 'deviation', when: 'abs(FIC31011_SP - FIC31011_PV_max) > 10', description: '' }]
} as unknown as Plant;
const names = (warning = makeWarning(), most = 4) =>
  drivingTags(warning, plant, most).map(({ name }) => name);

test('what pushes towards the alarm is shown, a controller by its process value', () => {
  expect(names()).toEqual(['PDT31008', 'FIC31011_PV']);
  expect(names(makeWarning(), 1)).toEqual(['PDT31008']);
});

test('a rule’s own tags come first, and each once', () => {
  const crossed = { rule: 'deviation', description: '', probability: 1, threshold: null };
  expect(names(makeWarning({ kind: 'rule', crossed }))).toEqual(['FIC31011_PV', 'PDT31008']);
});

test('the extreme that a rule reads is told, of its own tags alone', () => {
  const own = { ...plant, tags: plant.tags.map((one) => ({ ...one, aggregates: ['max', 'min'] })) } as Plant;
  const [pv, other] = [own.tags[2], own.tags[0]] as [Plant['tags'][number], Plant['tags'][number]];
  expect([pv, other].map((one) => extremeRead('deviation', one, own))).toEqual(['max', null]);
  expect(extremeRead(null, pv, own)).toBe('max');
});

test('a tag’s own limit that counts as crossed is of the tag', () => {
  const crossed = { rule: 'TE301020_HH', description: '', probability: 1, threshold: null };
  expect(names(makeWarning({ kind: 'rule', crossed, drivers: [] }))).toEqual(['TE301020']);
});

test('of features the longest tag that they begin with is meant; unknown names and no drivers give none', () => {
  const of = (name: string) => names(makeWarning({ drivers: [{ tag: name, contribution: 1 }] }));
  expect(of('FIC31011_OP_std_3h')).toEqual(['FIC31011_OP']);
  expect(of('PDT310')).toEqual([]);
  expect(names(makeWarning({ drivers: null }))).toEqual([]);
});

test('only a process value has a set point', () => {
  const [pressure, , value] = plant.tags;
  expect(value && setPointOf(value, plant)?.name).toBe('FIC31011_SP');
  expect(pressure && setPointOf(pressure, plant)).toBeNull();
});
