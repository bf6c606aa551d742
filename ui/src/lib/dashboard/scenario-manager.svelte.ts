/** What happens in the simulated plant, and how fast its time runs. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

type Scenarios = components['schemas']['ScenariosAnswer'];
export type Scenario = Scenarios['active'];
const LOOK_EVERY_MS = 10_000;

class ScenarioManager {
  found = $state.raw<Scenarios | null>(null);
  /** The plant that is simulated; empty until it is known. */
  plant = $state('');
  speed = $state<number | null>(null);
  range = $state.raw<readonly [number, number]>([0, 50]);
  fault = $state.raw<unknown>(null);
  working = $state(false);

  /** Look how it is now and then, as others may change it, until the returned function is called. */
  begin(): () => void {
    void this.#look();
    const clock = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    return () => clearInterval(clock);
  }

  async activate(scenario: Scenario): Promise<void> {
    await this.#change(async () => {
      await unwrap(api.POST('/scenarios/activate', { body: { scenario } }));
    });
  }

  async setSpeed(hours_per_second: number): Promise<void> {
    await this.#change(async () => {
      await unwrap(api.PUT('/sensors/speed', { body: { hours_per_second } }));
    });
  }

  async #change(act: () => Promise<void>): Promise<void> {
    this.working = true;
    try {
      await act();
      await this.#look();
    } catch (error) {
      this.fault = error;
    }
    this.working = false;
  }

  async #look(): Promise<void> {
    try {
      const [found, meta] = await Promise.all([
        unwrap(api.GET('/scenarios')),
        unwrap(api.GET('/sensors/meta'))
      ]);
      this.found = found;
      this.plant = meta.plant;
      this.speed = meta.speed;
      this.range = meta.speed_range;
      this.fault = null;
    } catch (error) {
      this.fault = error;
    }
  }
}

export const scenarios = new ScenarioManager();
