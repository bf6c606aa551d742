import { afterEach, describe, expect, it, vi } from 'vitest';
import { plant } from '#lib/predict/fixtures.ts';
import { escalatingRows } from '#lib/predict/presets.ts';
import { ForecastManager, ROWS } from './forecast-manager.svelte.ts';

// The client takes its address from the page when it is made.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));
afterEach(() => vi.unstubAllGlobals());

type Asked = { recent_observations: Record<string, number | null>[]; horizon: string };

function answering(status: number, body: unknown, now: unknown = null): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const ahead = request.url.includes('/infer/forecast');
    if (ahead) asked.push(await request.json());
    if (!ahead) return Response.json(now, { status: now ? 200 : 503 });
    return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
  });
  return asked;
}

const made = () => new ForecastManager(plant.tags);
const column = (table: ForecastManager, tag: string) => table.cells.map((cells) => cells[tag] ?? '');

describe('the table', () => {
  it('keeps the newest rows, and says of how many', () => {
    const table = made();
    table.fill(Array.from({ length: 20 }, (_, n) => ({ PDT1: n })));
    expect(column(table, 'PDT1')).toEqual(Array.from({ length: ROWS }, (_, n) => String(n + 8)));
    expect(table.told).toBe('The newest 12 of 20 rows loaded.');
  });

  it('puts fewer rows at the bottom', () => {
    const table = made();
    table.fill([{ PDT1: 1 }, { PDT1: null }]);
    expect(column(table, 'PDT1').slice(-3)).toEqual(['', '1', '']);
  });

  it('takes a block from the cell on, and leaves out what sticks out', () => {
    const table = made();
    expect(table.paste('1\t2\n3\t4', 11, 'LIC2_OP')).toBe(true);
    expect(table.cells[11]).toMatchObject({ LIC2_OP: '1', LIC2_SP: '2' });
    expect(table.paste('5\t6\t7', 0, 'LIC2_SP')).toBe(true);
    expect(table.cells[0]).toEqual({ LIC2_SP: '5' });
  });

  it('leaves a single value to its field', () => expect(made().paste('7', 0, 'PDT1')).toBe(false));

  it('takes a whole table wherever it is pasted', () => {
    const table = made();
    table.paste('pdt1;te1\n1,5;100\n2;101', 5, 'TE1');
    expect(table.cells.slice(-2)).toMatchObject([
      { PDT1: '1.5', TE1: '100' },
      { PDT1: '2', TE1: '101' }
    ]);
  });

  it('names the column at fault and stays as it is', () => {
    const table = made();
    table.fill([{ PDT1: 1 }]);
    table.read('PDT1,FOO\n1,2');
    expect(table.faults).toEqual(['Column 2 “FOO” is not a tag of this plant.']);
    expect(column(table, 'PDT1').at(-1)).toBe('1');
  });

  it('knows the cells at fault', () => {
    const table = made();
    table.type(3, 'PDT1', '2000');
    table.type(4, 'TE1', 'x');
    expect(table.wrong()).toEqual({
      '3 PDT1': 'Must be 0 to 1000 mbar.',
      '4 TE1': 'Not a number.'
    });
  });
});

describe('a forecast', () => {
  it('is asked for at all horizons with extremes, and shown the nearest first', async () => {
    const asked = answering(200, { forecasts: [{ horizon_hours: 6 }, { horizon_hours: 1 }] });
    const table = made();
    table.fill(escalatingRows(plant, ROWS)?.rows ?? []);
    await table.send(plant);
    expect(asked[0]?.horizon).toBe('all');
    expect(asked[0]?.recent_observations).toHaveLength(12);
    expect(asked[0]?.recent_observations.at(-1)).toMatchObject({ PDT1: 302, PDT1_max: 302, LIC2_OP: null });
    expect(table.results.map((one) => one.horizon_hours)).toEqual([1, 6]);
  });

  it('has the present beside it, and is shown without where nobody knows that', async () => {
    answering(200, { forecasts: [{ horizon_hours: 1 }] }, { alarm: true, rules: [{ name: 'high' }] });
    const table = made();
    table.fill([{ PDT1: 305 }]);
    await table.send(plant);
    expect([table.now?.alarm, table.now?.rules[0]?.name]).toEqual([true, 'high']);
    answering(200, { forecasts: [{ horizon_hours: 3 }] });
    await table.send(plant);
    expect([table.now, table.results[0]?.horizon_hours, table.error]).toEqual([null, 3, null]);
  });

  it('sends the extremes that rows came with until they are typed over', async () => {
    const asked = answering(200, { forecasts: [] });
    const table = made();
    table.fill([{ PDT1: 5, PDT1_max: 9 }]);
    await table.send(plant);
    table.type(11, 'PDT1', '6');
    await table.send(plant);
    expect(asked.map((body) => body.recent_observations.at(-1)?.PDT1_max)).toEqual([9, 6]);
  });

  it('that is refused is told, and the last results stay', async () => {
    answering(422, { detail: 'too few rows' });
    const table = made();
    await table.send(plant);
    expect(String(table.error)).toContain('Enter at least one value.');
    table.fill([{ PDT1: 1 }]);
    await table.send(plant);
    expect(String(table.error)).toContain('too few rows');
    expect(table.working).toBe(false);
  });
});

it('names what is beyond a limit in the newest row alone', async () => {
  answering(200, { forecasts: [] });
  const table = made();
  table.fill([{ PDT1: 290 }, { PDT1: 305 }]);
  await table.send(plant);
  expect(table.beyond).toEqual(['PDT1 HH']);
  table.fill([{ PDT1: 305 }, { PDT1: 220 }]);
  await table.send(plant);
  expect(table.beyond).toEqual([]);
});
