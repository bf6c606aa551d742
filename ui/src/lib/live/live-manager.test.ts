import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeWarning } from '#lib/warnings/fixtures.ts';
import type { LiveEvent, Row, Warning } from './types.ts';

vi.stubGlobal('location', { origin: 'http://gateway' });
const { live } = await import('./live-manager.svelte.ts');
const { plants } = await import('#lib/plant/plants-manager.svelte.ts');

const row = (hour: number): Row => ({
  timestamp: new Date(hour * 3_600_000).toISOString(),
  values: { P: hour },
  quality: {}
});
const reading = (hour: number): LiveEvent => ({
  event: 'reading',
  data: { plant: 'demo', number: hour, ...row(hour) }
});
const warning = (id: number, plant: string, state: Warning['state'] = 'new') =>
  makeWarning({ id, plant, state });
let history: () => Promise<Response>;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  history = async () => Response.json({ rows: [row(1), row(2)] });
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/events') return new Promise<Response>(() => undefined);
    if (pathname === '/plants') return Response.json({ plants: [] });
    if (pathname === '/live/rows') return history();
    return Response.json({ rows: [], warnings: [], services: {} });
  });
  end = live.begin();
});

afterEach(() => {
  end();
  plants.all = [];
  vi.useRealTimers();
});

const hours = () => live.rows.map((one) => Date.parse(one.timestamp) / 3_600_000);

it('keeps the past where an event tells of a row that was read already', async () => {
  await live.read();
  live.take(reading(2));
  live.take(reading(3));
  expect(hours()).toEqual([1, 2, 3]);
});

it('keeps what events told while the state was read', async () => {
  let answer = (_: Response): void => undefined;
  history = () => new Promise((resolve) => (answer = resolve));
  const read = live.read();
  await vi.advanceTimersByTimeAsync(1);
  live.take(reading(3));
  live.take({ event: 'warning', data: { change: 'opened', warning: warning(7, 'demo') } });
  answer(Response.json({ rows: [row(1), row(2)] }));
  await read;
  expect(hours()).toEqual([1, 2, 3]);
  expect(live.warnings.map((one) => one.id)).toEqual([7]);
});

it('forgets the past of a plant that was begun anew', async () => {
  await live.read();
  await vi.advanceTimersByTimeAsync(6000);
  live.take(reading(1));
  expect(hours()).toEqual([1]);
});

it('reads again by itself while the sensors are away, and not after a log-out', async () => {
  history = async () => Response.json({ detail: 'sensors is away' }, { status: 503 });
  await live.read();
  expect(live.fault).toBe('sensors is away');
  history = async () => Response.json({ rows: [row(5)] });
  await vi.advanceTimersByTimeAsync(10_000);
  expect([live.fault, hours()]).toEqual(['', [5]]);

  history = async () => Response.json({ detail: 'sensors is away' }, { status: 503 });
  const late = live.read();
  end();
  await late;
  expect([live.fault, vi.getTimerCount()]).toEqual(['', 0]);
});

it('counts open warnings of the live plant only', () => {
  plants.all = [{ name: 'demo', live: true } as (typeof plants.all)[number]];
  for (const one of [warning(1, 'other'), warning(2, 'demo'), warning(3, 'demo', 'cleared')])
    live.replace(one);
  expect(live.openWarnings.map((one) => one.id)).toEqual([2]);
});

it('shows the rows of one plant, and another one’s as soon as that is followed', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/live/scores') asked.push(searchParams.get('plant') ?? '');
    if (pathname === '/live/rows')
      return searchParams.get('plant') === 'demo'
        ? Response.json({ plant: 'demo', rows: [row(1)] })
        : Response.json({ detail: 'no reading has come yet' }, { status: 404 });
    return Response.json({ rows: [], warnings: [], services: {} });
  });
  live.connection = 'open';
  live.followPlant('demo');
  await vi.advanceTimersByTimeAsync(1);
  live.take(reading(2));
  live.take({ event: 'reading', data: { plant: 'other', number: 3, ...row(3) } });
  expect([hours(), live.received]).toEqual([[1, 2], 1]);
  live.followPlant('other');
  await vi.advanceTimersByTimeAsync(1);
  live.take({ event: 'reading', data: { plant: 'other', number: 4, ...row(4) } });
  expect([hours(), live.received, asked]).toEqual([[4], 1, ['demo', 'other']]);
});
