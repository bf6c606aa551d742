import { afterEach, expect, test, vi } from 'vitest';
import { makeWarning } from './fixtures.ts';
import { marksOf, periodOf, spanOf, StoryManager, within, type Story } from './story.svelte.ts';

vi.hoisted(() => vi.stubGlobal('location', { origin: 'http://gateway' }));

const story = (told: Partial<Story> = {}): Story => ({ ...makeWarning(), actions: [], ...told });
const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
const asked: URL[] = [];

function answer(given: (url: URL) => [number, unknown]): void {
  asked.length = 0;
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url);
    asked.push(url);
    const [status, body] = given(url);
    return Response.json(body, { status });
  });
}
afterEach(() => answer(() => [500, {}]));

test('the time around it begins 12 h before and ends 6 h after; an open one has no end', () => {
  const cleared = story({ since: at(12), cleared_time: at(13) });
  expect(periodOf(cleared)).toEqual({ from: Date.parse(at(0)), to: Date.parse(at(19)) });
  expect(periodOf(story()).to).toBe(Infinity);
  expect(spanOf(story())[1]).toBe(Infinity);
});

test('a limit that was crossed at its opening is no mark of its own', () => {
  expect(marksOf(story({ since: at(1), came_time: at(1) }))).toHaveLength(1);
  const all = marksOf(story({ since: at(1), came_time: at(2), cleared_time: at(3) }));
  expect(all.map((mark) => mark.name)).toEqual(['opened', 'alarm rule met', 'cleared']);
});

test('live rows follow what was read, once, within the time', () => {
  const times = (hours: number[]) => hours.map((hour) => ({ time: at(hour) }));
  const period = { from: Date.parse(at(1)), to: Date.parse(at(4)) };
  const found = within(times([0, 1, 2]), times([1, 2, 3, 4, 5]), (one) => one.time, period);
  expect(found.map((one) => one.time)).toEqual([1, 2, 3, 4].map(at));
});

test('scores are read page by page, and shown oldest first', async () => {
  answer((url) => {
    const isFirst = !url.searchParams.has('before');
    const hours = isFirst ? [3, 2] : [1];
    return [200, { rows: hours.map((hour) => ({ plant_time: at(hour) })), next: isFirst ? 40 : null }];
  });
  const manager = new StoryManager(7);
  await manager.readScores('demo', Date.parse(at(0)), Infinity);
  expect(manager.scores?.map((row) => row.plant_time)).toEqual([1, 2, 3].map(at));
  expect(asked.map((url) => url.searchParams.get('before'))).toEqual([null, '40']);
  expect(asked[0]?.searchParams.get('since')).toBe(at(0));
  expect(asked[0]?.searchParams.has('until')).toBe(false);
});

test('readings are asked for from before the opening, as far as they can be', async () => {
  answer(() => [200, { rows: [] }]);
  const manager = new StoryManager(7);
  await manager.readRows('demo', Date.parse(at(0)), Date.parse(at(10)));
  await manager.readRows('demo', 0, Date.parse(at(10)));
  expect(asked.map((url) => url.searchParams.get('hours'))).toEqual(['14', '744']);
});

test('each part fails by itself', async () => {
  answer((url) =>
    url.pathname === '/warnings/7' ? [200, story()] : [503, { detail: 'the sensors are away' }]
  );
  const manager = new StoryManager(7);
  await manager.read();
  await manager.readRows('demo', 0, 1);
  expect(manager.story?.id).toBe(7);
  expect(manager.fault).toBeNull();
  expect(manager.rowsFault).toMatchObject({ message: 'the sensors are away' });
});
