/** Which plants there are, what is known of them, and which one is shown. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { sentence } from '#lib/api/problem.ts';
import { unitText } from '#lib/numbers.ts';

export type Plant = components['schemas']['PlantInfo'];
export type Tag = Plant['tags'][number];

const KEY = 'forewarn.plant';

class PlantsManager {
  all = $state.raw<readonly Plant[]>([]);
  chosen = $state(globalThis.localStorage?.getItem(KEY) ?? '');
  /** When shifts start, as times of the shown plant's clock. */
  shiftStarts = $state.raw<readonly string[]>([]);
  fault = $state('');
  /** The plant whose readings come in; null: none is known. */
  readonly live = $derived(this.all.find((plant) => plant.live) ?? null);
  /** The plant that is shown: the chosen one, else the live one. */
  readonly shown = $derived(
    this.all.find((plant) => plant.name === this.chosen) ?? this.live ?? this.all[0] ?? null
  );
  readonly zone = $derived(this.shown?.timezone ?? 'UTC');
  readonly tags = $derived(new Map((this.shown?.tags ?? []).map((tag) => [tag.name, tag])));

  async read(): Promise<void> {
    try {
      const { plants, shift_starts } = await unwrap(api.GET('/plants'));
      this.all = plants.map((plant) => ({ ...plant, tags: plant.tags.map(withUnit) }));
      this.shiftStarts = shift_starts;
      this.fault = '';
    } catch (error) {
      this.fault = sentence(error);
    }
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
