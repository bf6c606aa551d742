import { describe, expect, it } from 'vitest';
import { plant } from './fixtures.ts';
import { escalatingRows, extremeRow, highRiskRow, lookBack, normalRow, withExtremes } from './presets.ts';

describe('presets', () => {
  it('normal is the middle of each band, set points what they control, the rest unknown', () => {
    expect(normalRow(plant.tags)).toEqual({ TE1: 105, PDT1: 220, LIC2_PV: 70, LIC2_OP: null, LIC2_SP: 70 });
  });

  it('high risk is beyond the outermost limit, within what can be true', () => {
    const row = highRiskRow(plant.tags);
    expect(row).toMatchObject({ TE1: 115.5, PDT1: 302, LIC2_PV: 59.9, LIC2_SP: 70 });
    for (const tag of plant.tags) {
      const value = row[tag.name];
      if (value !== null && value !== undefined) expect(value).toBeLessThanOrEqual(tag.range[1]);
    }
  });

  it('the extreme reading is out of the range of the tag that an alarm rule names', () => {
    const extreme = extremeRow(plant);
    expect(extreme?.tag.name).toBe('PDT1');
    expect(extreme?.value).toBe(1100);
    expect(extreme?.row).toMatchObject({ PDT1: 1100, TE1: 105 });
  });

  it('escalation rises from normal to beyond the limit, steadily', () => {
    const found = escalatingRows(plant, 12);
    const values = found?.rows.map((row) => row.PDT1 ?? 0) ?? [];
    expect(values).toHaveLength(12);
    expect([values[0], values.at(-1)]).toEqual([220, 302]);
    expect(values.every((value, n) => n === 0 || value > (values[n - 1] ?? 0))).toBe(true);
    expect(found?.rows.every((row) => row.TE1 === 105)).toBe(true);
  });

  it('without a limit there is no escalation', () => {
    expect(escalatingRows({ ...plant, tags: plant.tags.slice(3) }, 12)).toBeNull();
  });

  it('extremes are those of a value that stood, and never replace given ones', () => {
    expect(withExtremes({ PDT1: 5 }, plant.tags)).toEqual({ PDT1: 5, PDT1_max: 5, PDT1_min: 5 });
    expect(withExtremes({ PDT1: 5, PDT1_max: 9 }, plant.tags).PDT1_max).toBe(9);
  });

  it('readings that are judged one by one need nothing before them', () => {
    expect(lookBack({ ...plant, judges: 'each_reading' })).toBe(1);
  });
});
