/** The newest scores of every plant that receives readings, and when its last reading came. */
import { api, unwrap } from '#lib/api/client.ts';
import { sentence } from '#lib/api/problem.ts';
import type { LiveEvent, LiveStatus, ScoredRow } from './types.ts';

/** So many scored rows are kept of each plant. */
const KEPT = 48;
/** So many plants are asked for at once. */
const AT_ONCE = 6;

export type Pulse = {
  /** Oldest first. */
  scores: readonly ScoredRow[];
  /** When the last reading came, by this browser's clock; null: none since the page was opened. */
  heardAt: number | null;
  /** Why its rows aren't scored; empty: they are, or nobody knows. */
  fault: string;
};
const NOTHING: Pulse = { scores: [], heardAt: null, fault: '' };
/** What the live service says of a plant that is well. */
const SCORES = 'scores';

class Pulses {
  #all = $state.raw<Readonly<Record<string, Pulse>>>({});
  /** Why a plant's scores could not be read; empty: they were. */
  fault = $state('');

  of(plant: string): Pulse {
    return this.#all[plant] ?? NOTHING;
  }

  /** Take an event of the stream in. */
  take(event: LiveEvent): void {
    if (event.event === 'reading') this.#set(event.data.plant, { heardAt: Date.now() });
    if (event.event === 'status' && event.data.plant !== null)
      this.#set(event.data.plant, { fault: faultOf(event.data) });
    if (event.event !== 'scores') return;
    const { scores } = this.of(event.data.plant);
    const newest = scores.at(-1);
    const follows = newest === undefined || event.data.plant_time > newest.plant_time;
    // A plant that was begun anew has another past.
    this.#set(event.data.plant, { scores: follows ? [...scores, event.data].slice(-KEPT) : [event.data] });
  }

  /** Read the newest scores of some plants, a few at a time. */
  async read(plants: readonly string[]): Promise<void> {
    this.fault = '';
    for (let n = 0; n < plants.length; n += AT_ONCE) {
      await Promise.all(plants.slice(n, n + AT_ONCE).map((plant) => this.#readOne(plant)));
    }
  }

  clear(): void {
    this.#all = {};
    this.fault = '';
  }

  async #readOne(plant: string): Promise<void> {
    try {
      const [{ rows }, status] = await Promise.all([
        unwrap(api.GET('/live/scores', { params: { query: { plant, limit: KEPT } } })),
        unwrap(api.GET('/live', { params: { query: { plant } } }))
      ]);
      this.#set(plant, { fault: faultOf(status) });
      const newest = this.of(plant).scores.at(-1)?.plant_time ?? '';
      // What events told meanwhile is newer.
      if ((rows[0]?.plant_time ?? '') >= newest) this.#set(plant, { scores: rows.toReversed() });
    } catch (error) {
      this.fault = sentence(error);
    }
  }

  #set(plant: string, change: Partial<Pulse>): void {
    this.#all = { ...this.#all, [plant]: { ...this.of(plant), ...change } };
  }
}

function faultOf({ role }: LiveStatus): string {
  return role === SCORES ? '' : role;
}

export const pulses = new Pulses();
