import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { follow, type ConnectionState } from './events.service.ts';
import type { LiveEvent } from './types.ts';

const model = { plant: 'demo', name: 'champion', version: 4, aliases: [], previous: 3 };
type Sent = { asked: Request[]; events: LiveEvent[]; states: ConnectionState[]; connected: boolean[] };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('location', { origin: 'http://gateway' });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Follows a gateway that gives these streams, one after another, and then none. */
async function followed(streams: readonly (string | number)[]): Promise<Sent> {
  const ended = new AbortController();
  const sent: Sent = { asked: [], events: [], states: [], connected: [] };
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.asked.push(request);
    const next = streams[sent.asked.length - 1];
    if (next === undefined) {
      ended.abort();
      throw new TypeError('refused');
    }
    return typeof next === 'number' ? new Response('', { status: next }) : new Response(next);
  });
  const listener = {
    onEvent: (event: LiveEvent) => sent.events.push(event),
    onConnection: (state: ConnectionState) => sent.states.push(state),
    onConnect: (missed: boolean) => sent.connected.push(missed)
  };
  const done = follow(['reading'], listener, ended.signal);
  while (!ended.signal.aborted) await vi.advanceTimersByTimeAsync(500);
  await done;
  return sent;
}

it('goes on where the stream broke, and says that nothing was missed', async () => {
  const sent = await followed([
    `retry: 2000\n\nid: 7\nevent: model\ndata: ${JSON.stringify(model)}\n\n`,
    ': heartbeat\n\n'
  ]);
  expect(sent.events).toEqual([{ event: 'model', data: model }]);
  expect(sent.asked.map((request) => request.headers.get('last-event-id'))).toEqual([null, '7', '7']);
  expect(sent.connected).toEqual([true, false]);
});

it('reads the state anew after a gap', async () => {
  const sent = await followed([
    `id: 7\nevent: model\ndata: ${JSON.stringify(model)}\n\n`,
    'event: gap\ndata: {"after": 7, "newest": 9}\n\n',
    '\n'
  ]);
  expect(sent.events.at(-1)).toEqual({ event: 'gap', data: { after: 7, newest: 9 } });
  expect(sent.connected).toEqual([true, false, true]);
});

it('tries again after a refusal, ever more slowly', async () => {
  const sent = await followed([503, 503, 503]);
  expect(sent.asked).toHaveLength(4);
  expect(sent.states.filter((state) => state === 'lost')).toHaveLength(3);
  expect(sent.connected).toEqual([]);
});

it('asks ever more slowly where streams open and end at once', async () => {
  const waits: number[] = [];
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const timer = vi.spyOn(globalThis, 'setTimeout');
  await followed([': hello\n\n', ': hello\n\n', ': hello\n\n']);
  for (const [, ms] of timer.mock.calls) if (ms !== undefined && ms < 15_000) waits.push(ms);
  expect(waits.slice(0, 3)).toEqual([500, 1000, 2000]);
  vi.restoreAllMocks();
});
