import { expect, it } from 'vitest';
import { alike } from './bad-signals.ts';
import type { BadSignal } from './score.service.ts';

const signal = (name: string, value: number, crossed = ['HH 300']): BadSignal => ({
  name,
  value,
  side: 'high',
  range: [-50, 1000],
  crossed
});

it('tells a tag and its extremes once, and others by themselves', () => {
  const told = alike([signal('PDT1_max', 1105), signal('PDT1', 1105), signal('TE1', 1e9, [])]);
  expect(told).toEqual([
    { names: ['TE1'], value: '1000000000', range: ['−50', '1000'], crossed: [] },
    { names: ['PDT1', 'PDT1_max'], value: '1105', range: ['−50', '1000'], crossed: ['HH 300'] }
  ]);
});
