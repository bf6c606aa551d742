/** A plant's drift as it was judged last, read again when a run of the plant has ended. */
import * as service from './drift.service.ts';
import type { DriftAnswer } from './drift.service.ts';
import { sortFindings } from './findings.ts';

/** What is known of a run that goes on or has ended. */
export type RunSeen = { plant: string | null; id: string; status: string };

export class DriftManager {
  answer = $state.raw<DriftAnswer | null>(null);
  fault = $state.raw<unknown>(null);
  readonly plant: string;
  readonly judgement = $derived(this.answer?.judgement ?? null);
  readonly findings = $derived(this.judgement ? sortFindings(this.judgement) : []);
  readonly labelsLate = $derived(
    !!this.judgement?.labels && this.judgement.labels.hours > this.judgement.labels.limit_hours
  );
  #seen = '';

  constructor(plant: string) {
    this.plant = plant;
  }

  async read(): Promise<void> {
    try {
      this.answer = await service.readDrift(this.plant);
      this.fault = null;
    } catch (error) {
      this.fault = error;
    }
  }

  /** Take in which runs there are. */
  take(runs: readonly RunSeen[]): void {
    const own = runs.filter((run) => run.plant === this.plant);
    const seen = own.map((run) => `${run.id} ${run.status}`).join();
    if (seen !== this.#seen && this.#seen !== '') void this.read();
    this.#seen = seen;
  }
}
