/** A load: what is to be sent, how far it is, and what came of it. */
import { faultsOf, MOST, requestsOf, START, type Plan } from './plan.ts';
import { run, type Outcome, type Send } from './run.service.ts';
import { histogram, summary, tally, type Bin, type Summary } from './stats.ts';

export type Result = {
  sent: number;
  ok: number;
  failed: number;
  seconds: number;
  summary: Summary | null;
  bins: Bin[];
  errors: [string, number][];
  servedBy: [string, number][];
};

const REFRESH_MS = 250;
/** So long after the last request may be sent, answers are waited for. */
const GRACE_MS = 10_000;

export class LoadManager {
  plan = $state<Plan>({ ...START });
  running = $state(false);
  stopped = $state(false);
  result = $state.raw<Result | null>(null);
  error = $state.raw<unknown>(null);
  readonly faults = $derived(faultsOf(this.plan));
  readonly sound = $derived(Object.keys(this.faults).length === 0);
  /** How many are to be sent; null where time decides. */
  readonly total = $derived(requestsOf(this.plan));
  #stop = new AbortController();

  async start(send: Send): Promise<void> {
    if (this.running || !this.sound) return;
    this.#stop = new AbortController();
    this.running = true;
    this.stopped = false;
    this.error = null;
    const outcomes: Outcome[] = [];
    const began = performance.now();
    let sent = 0;
    const show = () => (this.result = resultOf(sent, outcomes, performance.now() - began));
    const shown = setInterval(show, REFRESH_MS);
    const limit = setTimeout(() => this.stop(), MOST.seconds * 1000 + GRACE_MS);
    const hooks = {
      sent: () => void (sent += 1),
      answered: (outcome: Outcome) => void outcomes.push(outcome)
    };
    try {
      await run({ ...this.plan }, send, hooks, this.#stop.signal);
    } catch (error) {
      this.error = error;
      this.#stop.abort();
    }
    clearInterval(shown);
    clearTimeout(limit);
    show();
    this.running = false;
  }

  stop(): void {
    this.stopped = this.running;
    this.#stop.abort();
  }
}

function resultOf(sent: number, outcomes: readonly Outcome[], ms: number): Result {
  const good = outcomes.filter((outcome) => outcome.kind === 'ok');
  const times = good.map((outcome) => outcome.ms);
  return {
    sent,
    ok: good.length,
    failed: outcomes.length - good.length,
    seconds: ms / 1000,
    summary: summary(times),
    bins: histogram(times),
    errors: tally(outcomes.filter((outcome) => outcome.kind !== 'ok').map((outcome) => outcome.kind)),
    servedBy: tally(outcomes.map((outcome) => outcome.servedBy))
  };
}
