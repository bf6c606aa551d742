import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelChange } from '#lib/live/types.ts';
import { modelsOf, version } from './fixtures.ts';
import { ModelsManager } from './models-manager.svelte.ts';

// The client takes its address from the page when it is made.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));

const moved = { plant: 'demo', name: 'demo_alarm_champion', before: 1, after: 2, by: 'eve', told: true };
let answering = 1;
let status = 200;
let asked: string[] = [];

beforeEach(() => {
  [answering, status, asked] = [1, 200, []];
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    if (pathname !== '/models')
      return status === 200 ? Response.json(moved) : Response.json({ detail: 'no' }, { status });
    const found = modelsOf([version(2, ['challenger']), version(1, ['champion'])]);
    if (found.models[0]?.serving) found.models[0].serving.version = answering;
    return Response.json(found);
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a promotion', () => {
  it('is over when the version answers', async () => {
    const models = new ModelsManager('demo');
    await models.promote(2);
    expect([models.moved?.after, models.swapped, models.moving]).toEqual([2, false, false]);
    answering = 2;
    await vi.advanceTimersByTimeAsync(2000);
    expect(models.swapped).toBe(true);
    const looks = asked.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toHaveLength(looks);
  });

  it('that is refused says why and moves nothing', async () => {
    status = 409;
    const models = new ModelsManager('demo');
    await models.rollback();
    expect([models.moveFault, models.moved, models.moving]).toEqual(['no', null, false]);
  });

  it('of somebody else is seen by the event', async () => {
    const models = new ModelsManager('demo');
    models.take({ plant: 'other' } as ModelChange);
    expect(asked).toEqual([]);
    models.take({ plant: 'demo' } as ModelChange);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual(['/models?plant=demo']);
    expect(models.sides?.challenger?.version).toBe(2);
  });
});

describe('figures', () => {
  it('are those of the version that was chosen last', async () => {
    const models = new ModelsManager('demo');
    const first = models.show(1);
    await Promise.all([first, models.show(2)]);
    expect(asked).toEqual(['/models/figures?plant=demo&version=1', '/models/figures?plant=demo&version=2']);
    expect(models.version).toBe(2);
  });
});
