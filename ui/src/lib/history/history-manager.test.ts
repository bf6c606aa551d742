import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HistoryManager, UNDO_MS } from './history-manager.svelte.ts';

// The client takes its address from the page when it is made.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));

/** A history of 60 results, the newest first; notes what was asked. */
class Gateway {
  ids = Array.from({ length: 60 }, (_, n) => 60 - n);
  asked: string[] = [];
  refuse = '';

  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.asked.push(`${request.method} ${url.pathname}${url.search}`);
    if (this.refuse && request.method === this.refuse) return json(503, { detail: 'the database is away' });
    const id = Number(url.pathname.split('/')[2]);
    if (request.method === 'DELETE' && id) {
      this.ids = this.ids.filter((other) => other !== id);
      return new Response(null, { status: 204 });
    }
    if (request.method === 'DELETE') return json(200, { deleted: this.ids.splice(0).length });
    if (url.pathname.endsWith('export.csv')) return new Response('id\n1\n');
    if (id) return json(200, { id, request: { a: 1 }, answer: {} });
    const before = Number(url.searchParams.get('before') ?? Infinity);
    const left = this.ids.filter((other) => other < before);
    const entries = left.slice(0, 50).map((entry) => ({ id: entry }));
    return json(200, { entries, next: left.length > 50 ? entries.at(-1)?.id : null });
  }
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

let gateway: Gateway;
beforeEach(() => {
  vi.useFakeTimers();
  gateway = new Gateway();
  vi.stubGlobal('location', new URL('http://gateway/'));
  vi.stubGlobal('fetch', (request: Request) => gateway.answer(request));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('pages', () => {
  it('go older and back', async () => {
    const list = new HistoryManager();
    await list.read();
    expect([list.shown.length, list.shown[0]?.id, list.hasOlder]).toEqual([50, 60, true]);
    await list.older();
    expect([list.shown.length, list.shown[0]?.id, list.hasOlder, list.page]).toEqual([10, 10, false, 2]);
    await list.newer();
    expect([list.shown[0]?.id, list.page]).toEqual([60, 1]);
  });

  it('send the filter, and nothing where it can mean nothing', async () => {
    const list = new HistoryManager();
    list.form = { type: 'auto', since: '2026-01-01T00:00', until: '' };
    await list.read();
    expect(gateway.asked).toEqual(['GET /history?type=auto&since=2026-01-01T00%3A00%3A00.000Z&limit=50']);
    list.form.until = '2025-01-01T00:00';
    await list.read();
    expect(gateway.asked).toHaveLength(1);
  });

  it('say what is wrong, and stay as they were', async () => {
    const list = new HistoryManager();
    await list.read();
    gateway.refuse = 'GET';
    await list.older();
    expect(String(list.error)).toContain('the database is away');
    expect(list.shown).toHaveLength(50);
  });
});

describe('deleting', () => {
  it('hides at once and asks the gateway only after the time to undo', async () => {
    const list = new HistoryManager();
    await list.read();
    list.remove(60);
    expect(list.shown[0]?.id).toBe(59);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    expect(gateway.ids).toContain(60);
    await vi.advanceTimersByTimeAsync(1);
    expect(gateway.ids).not.toContain(60);
    expect(list.leaving).toEqual([]);
  });

  it('taken back never reaches the gateway', async () => {
    const list = new HistoryManager();
    await list.read();
    list.remove(60);
    list.undo(60);
    await vi.advanceTimersByTimeAsync(UNDO_MS * 2);
    expect(gateway.ids).toContain(60);
    expect(list.shown[0]?.id).toBe(60);
  });

  it('is done at once where the page is left, and only once', async () => {
    const list = new HistoryManager();
    await list.read();
    list.remove(60);
    list.flush();
    await vi.advanceTimersByTimeAsync(UNDO_MS * 2);
    expect(gateway.asked.filter((line) => line.startsWith('DELETE'))).toEqual(['DELETE /history/60']);
  });

  it('that fails shows the result again, and says why', async () => {
    const list = new HistoryManager();
    await list.read();
    gateway.refuse = 'DELETE';
    list.remove(60);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(list.shown[0]?.id).toBe(60);
    expect(String(list.error)).toContain('the database is away');
  });

  it('of all that is meant tells how many', async () => {
    const list = new HistoryManager();
    list.form.type = 'predict';
    await list.removeMatching();
    expect(gateway.asked[0]).toBe('DELETE /history?type=predict');
    expect([list.gone, list.shown.length, list.working]).toEqual([60, 0, false]);
  });
});

it('opens one result at a time', async () => {
  const list = new HistoryManager();
  await list.toggle(5);
  expect([list.open, list.opened?.id]).toEqual([5, 5]);
  await list.toggle(5);
  expect([list.open, list.opened]).toEqual([null, null]);
});

it('has all that is meant as a file', async () => {
  const list = new HistoryManager();
  list.form.type = 'auto';
  expect(await (await list.file())?.text()).toBe('id\n1\n');
  expect(gateway.asked).toEqual(['GET /history/export.csv?type=auto']);
});
