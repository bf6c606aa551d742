/** A plant's models and the figures of a report; promotion and rollback, until the new version answers. */
import { sentence } from '#lib/api/problem.ts';
import { Latest } from '#lib/latest.ts';
import type { ModelChange } from '#lib/live/types.ts';
import { sides } from './champions.ts';
import * as service from './models.service.ts';
import type { FiguresAnswer, ModelsAnswer, Moved } from './models.service.ts';

/** So long a swap is waited for by looking, where no event tells of it. */
const LOOK_MS = 2000;
const MOST_LOOKS = 30;

export class ModelsManager {
  models = $state.raw<ModelsAnswer | null>(null);
  fault = $state.raw<unknown>(null);
  figures = $state.raw<FiguresAnswer | null>(null);
  figuresFault = $state.raw<unknown>(null);
  /** The version whose report is shown; null: the newest report. */
  version = $state<number | null>(null);
  moving = $state(false);
  moveFault = $state('');
  /** The last move of this visit. */
  moved = $state.raw<Moved | null>(null);
  readonly plant: string;
  readonly #latest = new Latest();

  readonly sides = $derived(this.models && sides(this.models));
  readonly champion = $derived(
    this.models?.models.find((model) => model.name === this.models?.champion) ?? null
  );
  /** Whether the version that was moved last answers. */
  readonly swapped = $derived(this.moved !== null && this.champion?.serving?.version === this.moved.after);

  constructor(plant: string) {
    this.plant = plant;
  }

  async begin(): Promise<void> {
    await Promise.all([this.read(), this.readFigures()]);
  }

  async read(): Promise<void> {
    try {
      this.models = await service.readModels(this.plant);
      this.fault = null;
    } catch (error) {
      this.fault = error;
    }
  }

  async readFigures(): Promise<void> {
    await this.#latest.settle(
      service.readFigures(this.plant, this.version),
      (figures) => {
        this.figures = figures;
        this.figuresFault = null;
      },
      (error) => (this.figuresFault = error)
    );
  }

  async show(version: number | null): Promise<void> {
    this.version = version;
    await this.readFigures();
  }

  promote = (version: number): Promise<void> => this.#move(() => service.promote(this.plant, version));

  rollback = (): Promise<void> => this.#move(() => service.rollback(this.plant));

  /** Take in what an event says. */
  take(change: ModelChange | null): void {
    if (change?.plant === this.plant) void this.read();
  }

  async #move(act: () => Promise<Moved>): Promise<void> {
    if (this.moving) return;
    this.moving = true;
    this.moveFault = '';
    try {
      this.moved = await act();
      await this.read();
      void this.#await(this.moved);
    } catch (error) {
      this.moveFault = sentence(error);
    }
    this.moving = false;
  }

  async #await(moved: Moved): Promise<void> {
    for (let look = 0; look < MOST_LOOKS && this.moved === moved && !this.swapped; look++) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      await this.read();
    }
  }
}
