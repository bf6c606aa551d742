/** What moves the current risk, asked for as scores come, and what the sentence above says of it. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

export type DriversAnswer = components['schemas']['DriversAnswer'];
/** Scores may come ten times a second; people read more slowly. */
const LEAST_PAUSE_MS = 2000;

class DriversManager {
  found = $state.raw<DriversAnswer | null>(null);
  fault = $state.raw<unknown>(null);
  #plant = '';
  #asked = -1;
  #wanted = -1;
  #waiting: ReturnType<typeof setTimeout> | null = null;

  /** The row with this id is the newest of its plant that was scored. */
  follow(plant: string, id: number): void {
    if (plant !== this.#plant) [this.found, this.fault] = [null, null];
    [this.#plant, this.#wanted] = [plant, id];
    if (id !== this.#asked && this.#waiting === null) void this.#ask();
  }

  /** Ask again now. */
  again(): void {
    this.#asked = -1;
    this.follow(this.#plant, this.#wanted);
  }

  clear(): void {
    if (this.#waiting !== null) clearTimeout(this.#waiting);
    this.#waiting = null;
    this.#asked = -1;
  }

  async #ask(): Promise<void> {
    this.#asked = this.#wanted;
    this.#waiting = setTimeout(() => {
      this.#waiting = null;
      if (this.#wanted !== this.#asked) void this.#ask();
    }, LEAST_PAUSE_MS);
    const plant = this.#plant;
    try {
      const found = await unwrap(api.GET('/live/drivers', { params: { query: { plant } } }));
      if (plant !== this.#plant) return;
      this.found = found;
      this.fault = null;
    } catch (error) {
      if (plant !== this.#plant) return;
      this.fault = error;
      this.#asked = -1;
    }
  }
}

export const drivers = new DriversManager();
