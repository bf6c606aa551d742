import { afterEach, expect, it, vi } from 'vitest';
import type { LiveEvent, ScoredRow } from './types.ts';

vi.stubGlobal('location', { origin: 'http://gateway' });
const { pulses } = await import('./pulses.svelte.ts');

const row = (plant: string, hour: number) =>
  ({ plant, plant_time: new Date(hour * 3_600_000).toISOString(), scores: [] }) as unknown as ScoredRow;
const scores = (plant: string, hour: number) => ({ event: 'scores', data: row(plant, hour) }) as LiveEvent;
const hours = (plant: string) => pulses.of(plant).scores.map((one) => Date.parse(one.plant_time) / 3_600_000);

afterEach(() => {
  pulses.clear();
  vi.unstubAllGlobals();
});

it('keeps plants apart, and begins anew where a plant does', () => {
  pulses.take(scores('a', 1));
  pulses.take(scores('b', 5));
  pulses.take(scores('a', 2));
  expect([hours('a'), hours('b')]).toEqual([[1, 2], [5]]);
  pulses.take(scores('a', 1));
  expect(hours('a')).toEqual([1]);
  expect(pulses.of('a').heardAt).toBeNull();
});

it('reads the newest scores of plants, but not over what came meanwhile; one that fails is told', async () => {
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const plant = searchParams.get('plant') ?? '';
    if (pathname === '/live') return Response.json({ plant, role: plant === 'a' ? 'scores' : 'no model' });
    if (plant === 'c') return Response.json({ detail: 'the database is away' }, { status: 503 });
    pulses.take(scores('b', 9));
    return Response.json({ rows: [row(plant, 4), row(plant, 3)], next: null });
  });
  await pulses.read(['a', 'b', 'c']);
  expect([hours('a'), hours('b')]).toEqual([[3, 4], [9]]);
  expect(pulses.fault).toBe('the database is away');
  expect([pulses.of('a').fault, pulses.of('b').fault]).toEqual(['', 'no model']);
  pulses.take({ event: 'status', data: { plant: 'a', role: 'scoring failed' } } as LiveEvent);
  expect([pulses.of('a').fault, pulses.of('b').fault]).toEqual(['scoring failed', 'no model']);
});
