/** Scores each new row for one's own history while it is on; the newest result. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { chance } from './risk.ts';

type Answer = components['schemas']['AutoAnswer'];

class AutoInference {
  on = $state(false);
  last = $state.raw<Answer | null>(null);
  fault = $state.raw<unknown>(null);
  #asking = false;
  #row = '';

  /** The risk now of the newest result, in words. */
  readonly risk = $derived.by(() => {
    const score = this.last?.prediction.risk_score;
    return typeof score === 'number' ? chance(score) : '–';
  });

  /** Off again, and nothing left of it: somebody else may log in. */
  stop(): void {
    this.on = false;
    this.last = null;
    this.fault = null;
  }

  /** A row has come; one that comes while another is being scored is left out. */
  async row(timestamp: string): Promise<void> {
    if (!this.on || this.#asking || timestamp === this.#row) return;
    this.#asking = true;
    this.#row = timestamp;
    try {
      const found = await unwrap(api.POST('/infer/auto'));
      if (this.on) this.last = found;
      this.fault = null;
    } catch (error) {
      this.fault = error;
    }
    this.#asking = false;
  }
}

export const autoInference = new AutoInference();
