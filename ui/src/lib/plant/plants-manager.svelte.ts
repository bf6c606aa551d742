/** Which plants there are, what is known of them, and which one is shown. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { sentence } from '#lib/api/problem.ts';
import { unitText } from '#lib/numbers.ts';

export type Plant = components['schemas']['PlantInfo'];
export type Tag = Plant['tags'][number];
export type LeftOut = components['schemas']['LeftOut'];

const KEY = 'forewarn.plant';

class PlantsManager {
  all = $state.raw<readonly Plant[]>([]);
  chosen = $state(globalThis.localStorage?.getItem(KEY) ?? '');
  /** When shifts start, as times of the shown plant's clock. */
  shiftStarts = $state.raw<readonly string[]>([]);
  /** Plants whose profile has never been valid. */
  leftOut = $state.raw<readonly LeftOut[]>([]);
  loaded = $state(false);
  fault = $state('');
  /** The plant that is shown: the chosen one, else the first that receives readings. */
  readonly shown = $derived(
    this.all.find((plant) => plant.name === this.chosen) ?? this.#firstLive() ?? this.all[0] ?? null
  );
  /** The plant whose readings are followed: the shown one, else the first that receives any; null: none does. */
  readonly live = $derived(this.shown?.live ? this.shown : this.#firstLive());
  readonly zone = $derived(this.shown?.timezone ?? 'UTC');
  readonly tags = $derived(new Map((this.shown?.tags ?? []).map((tag) => [tag.name, tag])));

  async read(): Promise<void> {
    try {
      const { plants, left_out, shift_starts } = await unwrap(api.GET('/plants'));
      this.all = plants.map((plant) => ({ ...plant, tags: plant.tags.map(withUnit) }));
      this.leftOut = left_out ?? [];
      this.loaded = true;
      this.shiftStarts = shift_starts;
      this.fault = '';
    } catch (error) {
      this.fault = sentence(error);
    }
  }

  #firstLive(): Plant | null {
    return this.all.find((plant) => plant.live) ?? null;
  }

  choose(name: string): void {
    this.chosen = name;
    localStorage.setItem(KEY, name);
  }
}

/** A tag with its unit as people write it. */
function withUnit(tag: Tag): Tag {
  return { ...tag, unit: unitText(tag.unit) };
}

export const plants = new PlantsManager();
