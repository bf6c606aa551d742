import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HOUR, makeOverview, makeRows } from './fixtures.ts';

vi.stubGlobal('location', { origin: 'http://gateway' });
const { ReplayManager } = await import('./replay-manager.svelte.ts');

let total: number;
let fingerprint: string;
let asked: string[];
let replay: InstanceType<typeof ReplayManager>;

beforeEach(() => {
  vi.useFakeTimers();
  [total, fingerprint, asked] = [10, 'f', []];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith('/overview')) return Response.json({ ...makeOverview(total), fingerprint });
    const since = searchParams.get('since') ?? '';
    asked.push(since);
    const first = Date.parse(since) / 1000 / HOUR;
    const count = Math.min(Number(searchParams.get('limit')), total - first);
    return Response.json({ ...makeRows(first, count, total), fingerprint });
  });
  replay = new ReplayManager('unit');
});

afterEach(() => {
  replay.end();
  vi.useRealTimers();
});

const hour = () => replay.at / HOUR;

it('begins at the end of the history, with all rows of a short one', async () => {
  await replay.read();
  expect(hour()).toBe(9);
  expect(replay.isWhole).toBe(true);
  expect(replay.row?.values.P).toBe(9);
  expect(replay.warning).toMatchObject({ start: 7 * HOUR, end: null });
  replay.go(4 * HOUR);
  expect(replay.row?.values.P).toBe(4);
  expect(replay.warning).toMatchObject({ start: 2 * HOUR });
  expect(replay.labels.map(({ name }) => name)).toEqual(['high_pressure', 'noted']);
  replay.go(5 * HOUR);
  expect([replay.warning, replay.labels]).toEqual([null, []]);
  expect(asked).toHaveLength(1);
});

it('plays from the beginning at its speed, shows nothing of the future, and stops at the end', async () => {
  await replay.read();
  [replay.speed] = [5];
  replay.play();
  expect(hour()).toBe(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(hour()).toBe(5);
  expect(replay.feed(true).rows).toHaveLength(6);
  expect(replay.feed(true).scores.at(-1)?.plant_time).toBe('1970-01-01T05:00:00.000Z');
  await vi.advanceTimersByTimeAsync(2000);
  expect([hour(), replay.playing]).toEqual([9, false]);
  expect(replay.feed(true).rows).toHaveLength(10);
});

it('stays within the history, and stands still when it is paused', async () => {
  await replay.read();
  replay.step(-100);
  expect(hour()).toBe(0);
  replay.step(100);
  expect(hour()).toBe(9);
  replay.go(2 * HOUR);
  replay.play();
  replay.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(hour()).toBe(2);
});

it('reads a long history in parts, around what is shown', async () => {
  total = 12_000;
  await replay.read();
  expect(replay.isWhole).toBe(false);
  expect(replay.row?.values.P).toBe(11_999);
  replay.go(100 * HOUR);
  await vi.advanceTimersByTimeAsync(1);
  expect(replay.row?.values.P).toBe(100);
  expect(replay.rows.length).toBeLessThan(total);
  replay.go(200 * HOUR);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(2);
  replay.speed = 100;
  replay.play();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(replay.row?.values.P).toBe(hour());
  expect(hour()).toBeGreaterThan(6000);
});

it('reads all of it anew where the history has become another one', async () => {
  total = 12_000;
  await replay.read();
  [total, fingerprint] = [20, 'g'];
  replay.go(10 * HOUR);
  await vi.advanceTimersByTimeAsync(1);
  expect(replay.overview?.rows).toBe(20);
  expect(replay.row?.values.P).toBe(19);
});

it('says why there is no history', async () => {
  vi.stubGlobal('fetch', async () =>
    Response.json({ detail: 'plant unit has no labeled_dataset yet' }, { status: 404 })
  );
  await replay.read();
  expect(String(replay.fault)).toContain('no labeled_dataset yet');
  expect(replay.row).toBeNull();
});
