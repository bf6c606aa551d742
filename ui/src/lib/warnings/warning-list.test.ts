import { beforeEach, expect, test, vi } from 'vitest';
import { makeGroup, makeWarning } from './fixtures.ts';
import { WarningList } from './warning-list.svelte.ts';

vi.hoisted(() => vi.stubGlobal('location', { origin: 'http://gateway' }));

const pages: Record<string, { ids: number[]; next: number | null }> = {
  '': { ids: [9, 8], next: 8 },
  '8': { ids: [7, 6], next: null }
};
let asked: string[] = [];
let away = false;

beforeEach(() => {
  asked = [];
  away = false;
  vi.stubGlobal('fetch', async (request: Request) => {
    const { searchParams } = new URL(request.url);
    asked.push(searchParams.toString());
    if (away) return Response.json({ detail: 'the database is away' }, { status: 503 });
    const page = pages[searchParams.get('before') ?? ''];
    return Response.json({ groups: page?.ids.map((id) => makeGroup(makeWarning({ id }))), next: page?.next });
  });
});

const ids = (list: WarningList) => list.groups.map((group) => group.warnings[0]?.id);

test('pages go there and back', async () => {
  const list = new WarningList();
  await list.begin('demo', 'UTC');
  expect([ids(list), list.hasNewer, list.hasOlder]).toEqual([[9, 8], false, true]);
  await list.older();
  expect([ids(list), list.hasNewer, list.hasOlder]).toEqual([[7, 6], true, false]);
  await list.older();
  expect(asked).toHaveLength(2);
  await list.newer();
  expect(ids(list)).toEqual([9, 8]);
});

test('a new filter begins with the newest page', async () => {
  const list = new WarningList();
  await list.begin('demo', 'UTC');
  await list.older();
  list.filter.state = 'new';
  await list.begin('demo', 'UTC');
  expect(asked.at(-1)).toBe('plant=demo&state=new&limit=25');
  expect(list.hasNewer).toBe(false);
});

test('what opens comes in on the newest page, and not before that was read', async () => {
  const list = new WarningList();
  list.take([makeWarning({ id: 10 })]);
  expect(ids(list)).toEqual([]);
  await list.begin('demo', 'UTC');
  list.take([makeWarning({ id: 10 })]);
  expect(ids(list)).toEqual([10, 9, 8]);
  await list.older();
  list.take([makeWarning({ id: 11 }), makeWarning({ id: 7, state: 'shelved' })]);
  expect(list.groups.map((group) => group.warnings[0]?.state)).toEqual(['shelved', 'new']);
});

test('what was read stays where the gateway is away, with the reason', async () => {
  const list = new WarningList();
  await list.begin('demo', 'UTC');
  away = true;
  await list.read();
  expect(ids(list)).toEqual([9, 8]);
  expect(list.fault).toMatchObject({ message: 'the database is away' });
  expect(list.reading).toBe(false);
});
