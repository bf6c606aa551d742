/** A load: what is to be sent, how far it is, and what came of it. */
import { faultsOf, MOST, requestsOf, START, type LoadPlan } from './plan.ts';
import { run, type RequestOutcome, type SendRequest } from './run.service.ts';
import type { ScoredReading } from './send.service.ts';
import { histogram, summary, tally, type LatencyBin, type LatencySummary } from './stats.ts';

export type LoadFigures = {
  sent: number;
  ok: number;
  failed: number;
  seconds: number;
  summary: LatencySummary | null;
  bins: LatencyBin[];
  errors: [string, number][];
  servedBy: [string, number][];
};

const REFRESH_MS = 250;
export const SHOWN_READINGS = 200;
/** So long after the last request may be sent, answers are waited for. */
const GRACE_MS = 10_000;

export class LoadManager {
  plan = $state<LoadPlan>({ ...START });
  running = $state(false);
  stopped = $state(false);
  result = $state.raw<LoadFigures | null>(null);
  error = $state.raw<unknown>(null);
  /** The newest readings with what was said of them; `before` of them came earlier. */
  readings = $state.raw<readonly ScoredReading[]>([]);
  before = $state.raw(0);
  readonly faults = $derived(faultsOf(this.plan));
  readonly sound = $derived(Object.keys(this.faults).length === 0);
  /** How many are to be sent; null where time decides. */
  readonly total = $derived(requestsOf(this.plan));
  #stop = new AbortController();

  #taken: ScoredReading[] = [];
  #count = 0;

  /** Take the readings of an answer in; they are shown with the next figures. */
  take(readings: readonly ScoredReading[]): void {
    this.#taken = [...this.#taken, ...readings].slice(-SHOWN_READINGS);
    this.#count += readings.length;
  }

  async start(send: SendRequest): Promise<void> {
    if (this.running || !this.sound) return;
    this.#stop = new AbortController();
    this.running = true;
    this.stopped = false;
    this.error = null;
    const outcomes: RequestOutcome[] = [];
    const began = performance.now();
    let sent = 0;
    [this.#taken, this.#count] = [[], 0];
    const show = () => {
      this.result = resultOf(sent, outcomes, performance.now() - began);
      this.readings = this.#taken;
      this.before = this.#count - this.#taken.length;
    };
    const shown = setInterval(show, REFRESH_MS);
    const limit = setTimeout(() => this.stop(), MOST.seconds * 1000 + GRACE_MS);
    const hooks = {
      onSent: () => void (sent += 1),
      onAnswer: (outcome: RequestOutcome) => void outcomes.push(outcome)
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

function resultOf(sent: number, outcomes: readonly RequestOutcome[], ms: number): LoadFigures {
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
