import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PipelineRun } from '#lib/live/types.ts';
import type { Drop } from './data.service.ts';
import { DropsManager } from './drops-manager.svelte.ts';
import { run } from './fixtures.ts';

// The client takes its address from the page when it is made.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));

const drop = (state: Drop['state']): Drop => ({
  id: 1, plant: 'demo', file: 'a.csv', size: 1, state, rows: null, reason: '', drop: '', attempt: 0, has_report: false,
  first_seen: '2026-01-01T00:00:00Z', changed_at: '2026-01-01T00:00:00Z'
}); // prettier-ignore
const problem = {
  type: 'urn:forewarn:problem:service-away',
  detail: 'dagster does not answer',
  missing: ['dagster']
};

/** A gateway of these answers by path; answers the paths that were asked for. */
function gateway(answers: Record<string, unknown>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    return pathname in answers ? Response.json(answers[pathname]) : Response.json(problem, { status: 503 });
  });
  return asked;
}

const drops = (state: Drop['state']) => ({
  drops: [drop(state)],
  upload_most_bytes: 1,
  extensions: ['.csv']
});
afterEach(() => vi.unstubAllGlobals());

describe('drops and runs', () => {
  it('show the newest run, or the chosen one', async () => {
    const [newest, older] = [run([], { id: 'run-2' }), run([], { id: 'run-1' })];
    gateway({
      '/drops': drops('ingested'),
      '/runs': { runs: [newest, older] },
      '/runs/run-1': older,
      '/runs/run-2': newest
    });
    const manager = new DropsManager('demo');
    await manager.read();
    expect(manager.run?.id).toBe('run-2');
    await manager.choose('run-1');
    expect(manager.run?.id).toBe('run-1');
    manager.chosen = 'gone';
    expect(manager.shownId).toBe('run-2');
  });

  it('that have ended are not read again', async () => {
    const ended = run([], { ended: '2026-01-01T00:00:00Z', status: 'done' });
    const asked = gateway({ '/drops': drops('ingested'), '/runs': { runs: [ended] }, '/runs/run-1': ended });
    const manager = new DropsManager('demo');
    await manager.read();
    await manager.read();
    expect(asked.filter((path) => path === '/runs/run-1')).toHaveLength(1);
    expect(manager.busy).toBe(false);
  });

  it('are told apart: without Dagster the files are there', async () => {
    gateway({ '/drops': drops('running') });
    const manager = new DropsManager('demo');
    await manager.read();
    expect(manager.drops?.drops).toHaveLength(1);
    expect([manager.fault, String(manager.runFault)]).toEqual([null, 'Problem: dagster does not answer']);
    expect(manager.busy).toBe(true);
  });

  it('are read once more where something happened meanwhile', async () => {
    const asked = gateway({ '/drops': drops('ingested'), '/runs': { runs: [] } });
    const manager = new DropsManager('demo');
    const first = manager.read();
    manager.take([{ plant: 'demo' } as PipelineRun]);
    manager.take([{ plant: 'demo' } as PipelineRun]);
    manager.take([{ plant: 'other' } as PipelineRun]);
    await first;
    expect(asked.filter((path) => path === '/drops')).toHaveLength(2);
  });
});
