/** A run for tests. */
import type { RunAnswer, Step } from './data.service.ts';

export const step = (
  name: string,
  state: Step['state'],
  started: number | null = null,
  ended: number | null = null
): Step => ({
  key: `demo__${name}`,
  name,
  state,
  started: started === null ? null : new Date(started * 1000).toISOString(),
  ended: ended === null ? null : new Date(ended * 1000).toISOString()
});

export const run = (steps: Step[], more: Partial<RunAnswer> = {}): RunAnswer => ({
  id: 'run-1',
  plant: 'demo',
  job: 'demo__pipeline',
  status: 'running',
  drop: 'key-1',
  started: new Date(0).toISOString(),
  ended: null,
  steps_done: 0,
  steps_failed: 0,
  steps_total: steps.length,
  link: 'http://127.0.0.1:3000/runs/run-1',
  checks: [],
  steps,
  ...more
});
