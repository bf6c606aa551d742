/** Sends by a plan and times each answer. Belongs here: when what is sent. What is sent is given. */
import { MOST, REST_MS, type LoadPlan } from './plan.ts';

export type LoadAnswer = { kind: 'ok' | string; servedBy: string };
export type RequestOutcome = LoadAnswer & { ms: number };
/** @throws an AbortError where the signal ends it; nothing else. */
export type SendRequest = (signal: AbortSignal) => Promise<LoadAnswer>;
export type LoadHooks = { onSent(): void; onAnswer(outcome: RequestOutcome): void };
type Times = { now(): number };

/** Run a plan to its end, or until the signal aborts; what is under way then isn't counted.
 *
 * @param times for tests. */
export async function run(
  plan: LoadPlan,
  send: SendRequest,
  hooks: LoadHooks,
  signal: AbortSignal,
  times: Times = performance
): Promise<void> {
  const began = times.now();
  let left: number = MOST.requests;
  const goesOn = () => !signal.aborted && left > 0 && times.now() - began < MOST.seconds * 1000;

  /** Send one, timed from when it was to be sent. */
  async function one(intended: number = times.now()): Promise<void> {
    if (!goesOn()) return;
    left -= 1;
    hooks.onSent();
    try {
      const answer = await send(signal);
      hooks.onAnswer({ ...answer, ms: times.now() - intended });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async function stream(): Promise<void> {
    const under: Promise<void>[] = [];
    for (let n = 0; n < plan.perSecond * plan.seconds && goesOn(); n++) {
      const intended = began + (n * 1000) / plan.perSecond;
      await pause(intended - times.now(), signal);
      under.push(one(intended));
    }
    await Promise.all(under);
  }

  async function worker(isDue: (sent: number) => boolean): Promise<void> {
    for (let sent = 0; isDue(sent) && goesOn(); sent++) await one();
  }

  async function cycles(count: number, size: number, rest: number, isDue: () => (sent: number) => boolean) {
    for (let cycle = 0; cycle < count && goesOn(); cycle++) {
      if (cycle > 0) await pause(rest, signal);
      const due = isDue();
      await Promise.all(Array.from({ length: size }, () => worker(due)));
    }
  }

  if (plan.kind === 'stream') await stream();
  else if (plan.kind === 'batches') await cycles(plan.batches, plan.size, 0, () => (sent) => sent < 1);
  else if (plan.kind === 'concurrent')
    await cycles(plan.cycles, plan.workers, REST_MS, () => (sent) => sent < plan.each);
  else
    await cycles(plan.cycles, plan.workers, REST_MS, () => {
      const end = times.now() + plan.seconds * 1000;
      return () => times.now() < end;
    });
}

/** Wait, or until the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resume) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resume();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
