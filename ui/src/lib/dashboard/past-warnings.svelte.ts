/** Warnings of the time that trends show, also cleared ones; open ones as the stream tells them. */
import { api, unwrap } from '#lib/api/client.ts';
import { Latest } from '#lib/latest.ts';
import { live } from '#lib/live/live-manager.svelte.ts';
import type { Warning } from '#lib/live/types.ts';

const MOST = 200;

class PastWarnings {
  #plant = $state('');
  #read = $state.raw<readonly Warning[]>([]);
  fault = $state.raw<unknown>(null);
  readonly #latest = new Latest();

  /** Newest first, each once. */
  readonly all = $derived.by(() => {
    const told = live.warnings.filter((warning) => warning.plant === this.#plant);
    const known = new Set(told.map((warning) => warning.id));
    return [...told, ...this.#read.filter((warning) => !known.has(warning.id))];
  });

  async read(plant: string): Promise<void> {
    if (plant !== this.#plant) this.#read = [];
    this.#plant = plant;
    await this.#latest.settle(
      unwrap(api.GET('/warnings', { params: { query: { plant, limit: MOST } } })),
      (found) => {
        this.#read = found.warnings;
        this.fault = null;
      },
      (error) => (this.fault = error)
    );
  }
}

export const pastWarnings = new PastWarnings();
