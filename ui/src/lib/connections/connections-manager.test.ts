import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Source } from './connections.service.ts';

vi.stubGlobal('location', { origin: 'http://gateway' });
const { ConnectionsManager, EVERY_MS } = await import('./connections-manager.svelte.ts');

let received: number;
let manager: InstanceType<typeof ConnectionsManager>;
let end = (): void => undefined;
const source = () => manager.found?.sources[0] as Source;

beforeEach(() => {
  vi.useFakeTimers();
  received = 1000;
  vi.stubGlobal('fetch', async () =>
    Response.json({
      sources: [{ name: 'broker', kind: 'mqtt', plant: 'demo', state: 'connected', received, refused: 0 }],
      outputs: [],
      unmapped: {},
      fault: ''
    })
  );
  manager = new ConnectionsManager();
});

afterEach(() => {
  end();
  vi.useRealTimers();
});

it('knows a rate from the second answer on, and none across a restart of the service', async () => {
  end = manager.begin();
  await vi.advanceTimersByTimeAsync(1);
  expect(manager.rateOf(source())).toBeNull();
  received = 1500;
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(manager.rateOf(source())).toBeCloseTo(500 / (EVERY_MS / 1000), 0);
  received = 10;
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(manager.rateOf(source())).toBeNull();
});

it('goes on after a fault, with what it knew', async () => {
  end = manager.begin();
  await vi.advanceTimersByTimeAsync(1);
  const answers = globalThis.fetch;
  vi.stubGlobal('fetch', async () => Response.json({ detail: 'the database is away' }, { status: 503 }));
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(String(manager.fault)).toContain('the database is away');
  expect(source().name).toBe('broker');
  vi.stubGlobal('fetch', answers);
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(manager.fault).toBeNull();
});
