/** All plants and how they are, kept up by the stream and by the clock. */
import { live } from '#lib/live/live-manager.svelte.ts';
import { pulses } from '#lib/live/pulses.svelte.ts';
import { plants } from '#lib/plant/plants-manager.svelte.ts';
import { stateOf, worstFirst, type PlantState } from './plant-states.ts';

const TICK_MS = 1000;

class OverviewManager {
  #now = $state(Date.now());
  /** The worst first. */
  readonly states = $derived<readonly PlantState[]>(
    worstFirst(plants.all.map((plant) => stateOf(plant, live.warnings, pulses.of(plant.name), this.#now)))
  );

  /** Let ages grow until the returned function is called. */
  begin(): () => void {
    this.#now = Date.now();
    const clock = setInterval(() => (this.#now = Date.now()), TICK_MS);
    return () => clearInterval(clock);
  }
}

export const overview = new OverviewManager();
