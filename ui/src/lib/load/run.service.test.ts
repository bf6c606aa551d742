import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { START, type LoadPlan } from './plan.ts';
import { run, type RequestOutcome } from './run.service.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const plan = (given: Partial<LoadPlan>): LoadPlan => ({ ...START, ...given });

/** A service that answers `together` requests at a time, each in `ms`; what runs under it is noted. */
function service(ms: number, together = Infinity) {
  const noted = { outcomes: [] as RequestOutcome[], sentAt: [] as number[], under: 0, most: 0 };
  const waiting: (() => void)[] = [];
  let busy = 0;
  const began = performance.now();
  async function send(signal: AbortSignal) {
    noted.under += 1;
    noted.most = Math.max(noted.most, noted.under);
    if (busy >= together) await new Promise<void>((resume) => waiting.push(resume));
    busy += 1;
    await new Promise<void>((resume, refuse) => {
      setTimeout(resume, ms);
      signal.addEventListener('abort', () => refuse(new DOMException('', 'AbortError')));
    });
    busy -= 1;
    noted.under -= 1;
    waiting.shift()?.();
    return { kind: 'ok', servedBy: 'a' };
  }
  const hooks = {
    onSent: () => void noted.sentAt.push(Math.round(performance.now() - began)),
    onAnswer: (outcome: RequestOutcome) => void noted.outcomes.push(outcome)
  };
  return { noted, send, hooks };
}

async function finished(
  given: Partial<LoadPlan>,
  made: ReturnType<typeof service>,
  signal = new AbortController().signal
) {
  const running = run(plan(given), made.send, made.hooks, signal);
  await vi.runAllTimersAsync();
  await running;
  return made.noted;
}

describe('a run', () => {
  it('of batches sends each at once, and the next one after it', async () => {
    const noted = await finished({ kind: 'batches', batches: 3, size: 4 }, service(100));
    expect(noted.sentAt).toEqual([0, 0, 0, 0, 100, 100, 100, 100, 200, 200, 200, 200]);
    expect(noted.most).toBe(4);
  });

  it('by the clock sends whether it is answered or not', async () => {
    const noted = await finished({ kind: 'stream', perSecond: 10, seconds: 1 }, service(5000));
    expect(noted.sentAt).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  });

  it('by the clock counts the wait behind a slow answer', async () => {
    const noted = await finished({ kind: 'stream', perSecond: 10, seconds: 1 }, service(200, 1));
    const times = noted.outcomes.map((outcome) => Math.round(outcome.ms));
    expect(times).toEqual([200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100]);
  });

  it('of concurrent bursts rests between cycles', async () => {
    const noted = await finished({ kind: 'concurrent', workers: 2, cycles: 2, each: 2 }, service(100));
    expect(noted.sentAt).toEqual([0, 0, 100, 100, 1200, 1200, 1300, 1300]);
  });

  it('of sustained bursts sends without a pause for as long as said', async () => {
    const noted = await finished({ kind: 'sustained', workers: 3, cycles: 2, seconds: 1 }, service(100));
    expect(noted.outcomes).toHaveLength(60);
    expect(noted.most).toBe(3);
  });

  it('ends at the most requests, whatever the plan says', async () => {
    const noted = await finished({ kind: 'sustained', workers: 20, cycles: 1, seconds: 100 }, service(1));
    expect(noted.outcomes).toHaveLength(5000);
  });

  it('ends at the most seconds, whatever the plan says', async () => {
    const noted = await finished({ kind: 'batches', batches: 1000, size: 1 }, service(1000));
    expect(noted.outcomes).toHaveLength(120);
  });

  it('that is stopped sends no more, and counts nothing that was under way', async () => {
    const stop = new AbortController();
    const made = service(100);
    const running = run(
      plan({ kind: 'concurrent', workers: 2, cycles: 9, each: 9 }),
      made.send,
      made.hooks,
      stop.signal
    );
    await vi.advanceTimersByTimeAsync(250);
    stop.abort();
    await running;
    await vi.runAllTimersAsync();
    expect([made.noted.sentAt.length, made.noted.outcomes.length]).toEqual([6, 4]);
  });
});
