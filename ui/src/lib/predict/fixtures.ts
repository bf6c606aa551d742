/** A small plant for tests. */
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';

function tag(name: string, given: Partial<Tag> = {}): Tag {
  return {
    name,
    description: '',
    unit: 'mbar',
    range: [0, 1000],
    normal: null,
    limits: {},
    process_unit: 'D1',
    role: 'indicator',
    controller: null,
    aggregates: [],
    used: true,
    ...given
  };
}

export const plant: Plant = {
  name: 'unit',
  title: 'Unit',
  simulated: true,
  live: true,
  default: true,
  ready: true,
  timezone: 'UTC',
  interval_s: 3600,
  process_units: ['D1', 'D2'],
  judges: 'newest_row',
  horizons: [],
  alarm_rules: [{ name: 'high', when: 'PDT1_max > 300', description: 'PDT1 above 300' }],
  fault: '',
  tags: [
    tag('TE1', { normal: [100, 110], limits: { H: 115 }, range: [0, 250] }),
    tag('PDT1', { normal: [200, 240], limits: { H: 280, HH: 300 }, aggregates: ['max', 'min'] }),
    tag('LIC2_PV', {
      normal: [69, 71],
      limits: { L: 60 },
      role: 'pv',
      controller: 'LIC2',
      process_unit: 'D2'
    }),
    tag('LIC2_OP', { role: 'op', controller: 'LIC2', process_unit: 'D2' }),
    tag('LIC2_SP', { role: 'sp', controller: 'LIC2', process_unit: 'D2', used: false })
  ]
};
