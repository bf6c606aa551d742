import { expect, it } from 'vitest';
import { faultsOf, MOST, requestsOf, START, type LoadPlan } from './plan.ts';

const plan = (given: Partial<LoadPlan>): LoadPlan => ({ ...START, ...given });

it('what is offered first may be sent', () => {
  for (const kind of ['batches', 'stream', 'concurrent', 'sustained'] as const)
    expect(faultsOf(plan({ kind }))).toEqual({});
});

it.each([
  [{ kind: 'batches', batches: 1000, size: 5 }, 5000],
  [{ kind: 'stream', perSecond: 50, seconds: 100 }, 5000],
  [{ kind: 'concurrent', workers: 20, cycles: 2, each: 3 }, 120],
  [{ kind: 'sustained' }, null]
] as [Partial<LoadPlan>, number | null][])('%j sends %s', (given, count) => {
  expect(requestsOf(plan(given))).toBe(count);
  expect(faultsOf(plan(given))).toEqual({});
});

it.each([
  [{ kind: 'batches', batches: 1001, size: 5 }, 'plan'],
  [{ kind: 'batches', size: MOST.workers + 1 }, 'size'],
  [{ kind: 'stream', perSecond: 501, seconds: 10 }, 'plan'],
  [{ kind: 'stream', perSecond: 1, seconds: 121 }, 'plan'],
  [{ kind: 'stream', perSecond: 0.5 }, 'perSecond'],
  [{ kind: 'concurrent', workers: 21 }, 'workers'],
  [{ kind: 'concurrent', cycles: 0 }, 'cycles'],
  [{ kind: 'concurrent', each: NaN }, 'each'],
  [{ readings: 0 }, 'readings'],
  [{ readings: 101 }, 'readings'],
  [{ anomalies: -1 }, 'anomalies'],
  [{ anomalies: NaN }, 'anomalies'],
  [{ kind: 'sustained', cycles: 12, seconds: 10 }, 'plan']
] as [Partial<LoadPlan>, string][])('%j is refused at %s', (given, place) => {
  expect(Object.keys(faultsOf(plan(given)))).toEqual([place]);
});

it('what a kind does not use is not looked at', () =>
  expect(faultsOf(plan({ kind: 'batches', workers: 99, seconds: -1 }))).toEqual({}));
