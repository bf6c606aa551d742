import { afterEach, beforeEach, expect, it, vi } from 'vitest';

vi.stubGlobal('location', { origin: 'http://gateway' });
const { freshness } = await import('./freshness.svelte.ts');
const { live } = await import('./live-manager.svelte.ts');
const { plants } = await import('#lib/plant/plants-manager.svelte.ts');

let end: () => void;
let rows = 0;

beforeEach(() => {
  vi.useFakeTimers();
  [rows, live.received, live.connection] = [0, 0, 'open'];
  end = freshness.begin();
});

afterEach(() => {
  end();
  plants.all = [];
  vi.useRealTimers();
});

function row(): void {
  live.received = ++rows;
  freshness.countRows(rows);
}

function rowsEach(ms: number, count: number): void {
  for (let n = 0; n < count; n++) {
    row();
    vi.advanceTimersByTime(ms);
  }
}

it('says that nothing comes where the first row never does', () => {
  expect(freshness.state).toBe('connecting');
  vi.advanceTimersByTime(16_000);
  expect(freshness.state).toBe('stale');
  row();
  expect(freshness.state).toBe('live');
});

it('is stale when four rows are missing', () => {
  rowsEach(10_000, 3);
  vi.advanceTimersByTime(29_000);
  expect(freshness.stale).toBe(false);
  vi.advanceTimersByTime(2000);
  expect(freshness.stale).toBe(true);
});

it('takes a break for no rhythm', () => {
  rowsEach(1000, 5);
  vi.advanceTimersByTime(600_000);
  row();
  vi.advanceTimersByTime(16_000);
  expect(freshness.stale).toBe(true);
});

it('is not fooled by a clock that is set back, nor by one that rests', () => {
  rowsEach(1000, 3);
  vi.setSystemTime(Date.now() - 3 * 3_600_000);
  vi.advanceTimersByTime(16_000);
  expect(freshness.stale).toBe(true);
  row();
  expect(freshness.stale).toBe(false);
  const steady = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(steady);
  vi.advanceTimersByTime(3_600_000);
  expect(freshness.stale).toBe(true);
  vi.restoreAllMocks();
});

it('waits as long for a real plant as its rows need', () => {
  plants.all = [
    { name: 'real', live: true, simulated: false, interval_s: 3600 } as (typeof plants.all)[number]
  ];
  vi.advanceTimersByTime(3_600_000);
  expect(freshness.stale).toBe(false);
});

it('is stale at once where a real plant’s newest row is old, until one comes', () => {
  const real = { name: 'unit', live: true, simulated: false, interval_s: 60 };
  plants.all = [real] as unknown as typeof plants.all;
  const timestamp = new Date(Date.now() - 3_600_000).toISOString();
  live.rows = [{ timestamp, values: {}, quality: {} }];
  expect([freshness.state, Math.round(freshness.age / 60_000)]).toEqual(['stale', 59]);
  row();
  expect(freshness.state).toBe('live');
  live.rows = [];
});
