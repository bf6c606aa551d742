import { afterEach, beforeEach, expect, it, vi } from 'vitest';

let asked = 0;
let answer = () => new Response(JSON.stringify({ score_id: asked, tags: [] }));
vi.stubGlobal('location', { origin: 'http://gateway' });
vi.stubGlobal('fetch', async () => {
  asked += 1;
  return answer();
});
const { drivers } = await import('./drivers-manager.svelte.ts');

beforeEach(() => {
  vi.useFakeTimers();
  asked = 0;
});

afterEach(() => {
  drivers.clear();
  vi.useRealTimers();
});

it('asks for the first row at once, and for many rows once a pause', async () => {
  for (let id = 1; id <= 20; id++) drivers.follow('demo', id);
  await vi.advanceTimersByTimeAsync(100);
  expect([asked, drivers.found?.score_id]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toBe(2);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toBe(2);
});

it('keeps what it has while the gateway refuses, and asks again', async () => {
  drivers.follow('demo', 1);
  await vi.advanceTimersByTimeAsync(100);
  const before = drivers.found;
  answer = () => new Response(JSON.stringify({ detail: 'inference does not answer' }), { status: 503 });
  drivers.follow('demo', 2);
  await vi.advanceTimersByTimeAsync(4000);
  expect(drivers.found).toBe(before);
  expect(String(drivers.fault)).toContain('inference does not answer');
  answer = () => new Response(JSON.stringify({ score_id: 9, tags: [] }));
  await vi.advanceTimersByTimeAsync(4000);
  expect([drivers.found?.score_id, drivers.fault]).toEqual([9, null]);
});

it('shows nothing of one plant under another one', async () => {
  answer = () => new Response(JSON.stringify({ score_id: 1, tags: [] }));
  drivers.follow('demo', 1);
  await vi.advanceTimersByTimeAsync(100);
  expect(drivers.found?.score_id).toBe(1);
  drivers.follow('unit', 7);
  expect(drivers.found).toBeNull();
  await vi.advanceTimersByTimeAsync(4000);
  expect(drivers.found).not.toBeNull();
});
