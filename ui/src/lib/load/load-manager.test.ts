import { expect, it, vi } from 'vitest';
import { LoadManager } from './load-manager.svelte.ts';
import { plant } from '#lib/predict/fixtures.ts';
import { sender } from './send.service.ts';

vi.stubGlobal('location', new URL('http://gateway/'));

function answering(answers: (() => Response)[]): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request);
    return (answers[asked.length - 1] ?? answers.at(-1))?.() ?? Response.error();
  });
  return asked;
}

const good = (name: string) => () => Response.json({}, { headers: { 'X-Served-By': `gateway.1, ${name}` } });

it('counts answers by who gave them, and errors by kind', async () => {
  const asked = answering([
    good('a.1'),
    good('b.2'),
    () => Response.json({ type: 'urn:forewarn:problem:service-away' }, { status: 503 }),
    () => {
      throw new TypeError('network');
    },
    good('a.1')
  ]);
  const load = new LoadManager();
  Object.assign(load.plan, { kind: 'batches', batches: 5, size: 1 });
  await load.start(sender(plant, load.plan));
  expect(load.result).toMatchObject({ sent: 5, ok: 3, failed: 2 });
  expect(load.result?.errors).toEqual([
    ['503 service-away', 1],
    ['no response', 1]
  ]);
  expect(load.result?.servedBy).toEqual(
    expect.arrayContaining([
      ['a.1', 2],
      ['b.2', 1]
    ])
  );
  expect(load.result?.summary?.count).toBe(3);
  expect([load.running, load.stopped]).toEqual([false, false]);
  expect(asked[0]?.url).toBe('http://gateway/infer/predict?store=false&plant=unit');
  expect(await asked[0]?.json()).toMatchObject({ features: { PDT1: 220 } });
});

it('of readings sends as many as said, and shows the newest 200 with their flags', async () => {
  const asked: { url: string; readings: unknown[] }[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { readings } = await request.json();
    asked.push({ url: request.url, readings });
    return Response.json({ predictions: readings.map((_: unknown, n: number) => ({ anomaly: n === 0 })) });
  });
  const load = new LoadManager();
  load.plan = { ...load.plan, kind: 'batches', batches: 5, size: 1, readings: 50, newConnections: true };
  const grid = { ...plant, judges: 'each_reading' as const };
  await load.start(sender(grid, load.plan, (readings) => load.take(readings)));
  expect(asked.map(({ readings }) => readings.length)).toEqual([50, 50, 50, 50, 50]);
  expect(asked[0]?.url).toBe('http://gateway/infer/predict?store=false&plant=unit&new_connection=true');
  expect([load.readings.length, load.before]).toEqual([200, 50]);
  expect(load.readings.filter(({ anomaly }) => anomaly)).toHaveLength(4);
});

it('is not begun where the plan is not sound, and once at a time', async () => {
  const asked = answering([good('a.1')]);
  const load = new LoadManager();
  load.plan.size = 21;
  await load.start(sender(plant, load.plan));
  expect(asked).toEqual([]);
  load.plan = { ...load.plan, kind: 'batches', batches: 2, size: 1 };
  await Promise.all([load.start(sender(plant, load.plan)), load.start(sender(plant, load.plan))]);
  expect(asked).toHaveLength(2);
});

it('is stopped by hand', async () => {
  const load = new LoadManager();
  load.plan = { ...load.plan, kind: 'batches', batches: 100, size: 2 };
  await load.start(async (signal) => {
    load.stop();
    throw signal.reason;
  });
  expect(load.stopped).toBe(true);
  expect(load.result).toMatchObject({ ok: 0, failed: 0 });
});
