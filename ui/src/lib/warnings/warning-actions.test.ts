import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { live } from '#lib/live/live-manager.svelte.ts';
import { warnings as words } from '#lib/texts/warnings.ts';
import { makeWarning } from './fixtures.ts';
import { shelf } from './shelf.svelte.ts';
import { acknowledge, judge, shelve, unshelve } from './warning-actions.service.ts';

vi.hoisted(() => vi.stubGlobal('location', { origin: 'http://gateway' }));

type Asked = { method: string; path: string; body: unknown };
let asked: Asked[] = [];
let answers: [number, unknown][] = [];

beforeEach(() => {
  asked = [];
  answers = [];
  live.warnings = [makeWarning()];
  vi.stubGlobal('fetch', async (request: Request) => {
    const text = await request.text();
    asked.push({
      method: request.method,
      path: new URL(request.url).pathname,
      body: text ? JSON.parse(text) : null
    });
    const [status, body] = answers.shift() ?? [200, makeWarning()];
    return Response.json(body, { status });
  });
});
afterEach(() => {
  shelf.forget(7);
});

test('an acknowledgement says what was seen, and its answer takes the warning’s place', async () => {
  answers = [[200, makeWarning({ state: 'acknowledged' })]];
  await acknowledge(makeWarning(), 3);
  expect(asked).toEqual([{ method: 'POST', path: '/warnings/7/ack', body: { note: '', horizon_hours: 3 } }]);
  expect(live.warnings.map((warning) => warning.state)).toEqual(['acknowledged']);
});

test('what repeats others is acknowledged with them', async () => {
  const repeat = makeWarning({ group_id: 5, repeat: 2 });
  const seen = [makeWarning({ state: 'acknowledged', repeat: 2 }), makeWarning({ id: 5, state: 'cleared' })];
  live.warnings = [repeat];
  answers = [[200, { warnings: seen }]];
  expect((await acknowledge(repeat, 3)).state).toBe('acknowledged');
  expect(asked[0]?.path).toBe('/warnings/groups/5/ack');
  expect(asked[0]?.body).toEqual({ note: '', horizon_hours: 3, newest_id: 7 });
  expect(live.warnings.map(({ id, state }) => [id, state])).toEqual([
    [7, 'acknowledged'],
    [5, 'cleared']
  ]);
});

test('one that escalated meanwhile is shown as it is now, and says so', async () => {
  answers = [
    [409, { type: 'urn:forewarn:problem:conflict', detail: 'warning 7 is of 1 h now' }],
    [200, { ...makeWarning({ horizon_hours: 1 }), actions: [] }]
  ];
  await expect(acknowledge(makeWarning(), 3)).rejects.toThrow(words.escalatedMeanwhile);
  expect(live.warnings[0]?.horizon_hours).toBe(1);
});

test('another conflict keeps the gateway’s own sentence', async () => {
  answers = [
    [409, { detail: 'warning 7 has cleared' }],
    [200, { ...makeWarning({ state: 'cleared' }), actions: [] }]
  ];
  await expect(acknowledge(makeWarning(), 3)).rejects.toThrow('warning 7 has cleared');
  expect(live.warnings[0]?.state).toBe('cleared');
});

test('what is forbidden changes nothing here', async () => {
  answers = [[403, { type: 'urn:forewarn:problem:forbidden', detail: 'operators only' }]];
  await expect(acknowledge(makeWarning(), 3)).rejects.toThrow('operators only');
  expect(asked).toHaveLength(1);
  expect(live.warnings[0]?.state).toBe('new');
});

test('shelving is offered to be undone until it was', async () => {
  const until = { until: '2026-11-21T11:00:00Z', by: 'wanda', reason: 'test run' };
  answers = [[200, makeWarning({ state: 'shelved', shelf: until })]];
  await shelve(7, { hours: 2 }, 'test run');
  expect(asked[0]?.body).toEqual({ hours: 2, reason: 'test run' });
  expect(shelf.last?.id).toBe(7);
  await unshelve(7);
  expect(shelf.last).toBeNull();
  expect(live.warnings[0]?.state).toBe('new');
});

test('a verdict is sent as it is given', async () => {
  const verdict = { verdict: 'true' as const, note: 'foam', start: null, end: null };
  await judge(7, verdict);
  expect(asked).toEqual([{ method: 'POST', path: '/warnings/7/verdict', body: verdict }]);
});
