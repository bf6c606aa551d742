import { beforeEach, expect, it, vi } from 'vitest';
import { live } from '#lib/live/live-manager.svelte.ts';
import type { Row } from '#lib/live/types.ts';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';

const kept = new Map<string, string>();
const frames: (() => void)[] = [];
vi.stubGlobal('localStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value)
});
vi.stubGlobal('requestAnimationFrame', (work: () => void) => frames.push(work));
vi.stubGlobal('cancelAnimationFrame', () => undefined);
const { board } = await import('./dashboard-manager.svelte.ts');

const HOUR = 3600;
const row = (hour: number): Row => ({
  timestamp: new Date(hour * HOUR * 1000).toISOString(),
  values: { A: hour },
  quality: { A: 'good' }
});
const plant = (name: string) =>
  ({
    name,
    process_units: ['U'],
    interval_s: HOUR,
    horizons: [{ hours: 0 }, { hours: 6 }],
    alarm_rules: [{ when: 'E > 3' }],
    tags: ['A', 'B', 'C', 'D', 'E'].map((tag) => ({ name: tag, role: 'pv', used: true, process_unit: 'U' }))
  }) as unknown as Plant;

beforeEach(() => {
  kept.clear();
  frames.length = 0;
  live.rows = [row(1), row(2), row(3)];
  board.follow();
});

it('takes many rows in one frame', () => {
  const end = board.begin();
  for (let hour = 4; hour < 10; hour++) {
    live.rows = [...live.rows, row(hour)];
    board.refresh();
  }
  expect(frames).toHaveLength(1);
  expect(board.readings.times.at(-1)).toBe(3 * HOUR);
  frames[0]?.();
  expect(board.readings.times.at(-1)).toBe(9 * HOUR);
  expect(board.row?.values.A).toBe(9);
  end();
});

it('begins with the tags that rules name, and keeps what was chosen', () => {
  board.choosePlant(plant('one'));
  expect(board.tags).toEqual(['E', 'A', 'B']);
  board.toggle('C');
  board.toggle('D');
  expect(board.tags).toEqual(['A', 'B', 'C', 'D']);
  board.toggle('A');
  board.choosePlant(plant('two'));
  board.choosePlant(plant('one'));
  expect(board.tags).toEqual(['B', 'C', 'D']);
});

it('moves the cursor by rows, from the newest one, and stops at the ends', () => {
  board.begin()();
  board.step(-1);
  expect(board.cursor).toBe(2 * HOUR);
  board.step(-9);
  expect(board.cursor).toBe(1 * HOUR);
  expect(board.index).toBe(0);
  board.step(9);
  expect(board.cursor).toBe(3 * HOUR);
});

it('pans what is shown, and follows the present again', () => {
  board.begin()();
  const [from, to] = board.window ?? [0, 0];
  board.pan(-0.1);
  expect(board.window).toEqual([from - (to - from) / 10, to - (to - from) / 10]);
  board.follow();
  expect(board.window).toEqual([from, to]);
});
