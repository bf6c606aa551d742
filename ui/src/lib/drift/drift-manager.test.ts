import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DriftManager } from './drift-manager.svelte.ts';

// The client takes its address from the page when it is made.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));

let asked: string[] = [];
let status = 200;
const judgement = { tags: [], scores: [], labels: { hours: 100, limit_hours: 99 } };

beforeEach(() => {
  [asked, status] = [[], 200];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    return status === 200
      ? Response.json({ plant: 'demo', judgement })
      : Response.json({ detail: 'no' }, { status });
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('drift', () => {
  it('is what the gateway says', async () => {
    const drift = new DriftManager('demo');
    expect([drift.judgement, drift.findings, drift.labelsLate]).toEqual([null, [], false]);
    await drift.read();
    expect(asked).toEqual(['/drift?plant=demo']);
    expect([drift.findings, drift.labelsLate, drift.fault]).toEqual([[], true, null]);
  });

  it('keeps what was known where the gateway refuses, and forgets the fault when it answers', async () => {
    const drift = new DriftManager('demo');
    await drift.read();
    status = 502;
    await drift.read();
    expect([drift.judgement !== null, drift.fault !== null]).toEqual([true, true]);
    status = 200;
    await drift.read();
    expect(drift.fault).toBeNull();
  });

  it('is read again when a run of the plant changes, and of no other', async () => {
    const drift = new DriftManager('demo');
    const run = (plant: string, state: string) => ({ plant, id: '1', status: state });
    drift.take([run('demo', 'running')]);
    drift.take([run('demo', 'running'), run('other', 'running')]);
    expect(asked).toEqual([]);
    drift.take([run('demo', 'done')]);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
  });
});
