/** A plant's drops and runs, read again when something happens and while something is under way. */
import type { PipelineRun } from '#lib/live/types.ts';
import {
  readDrops,
  readRun,
  readRuns,
  type DropsAnswer,
  type RunAnswer,
  type RunInfo
} from './data.service.ts';

const UNDER_WAY = new Set(['waiting', 'running']);
/** How often what is under way is looked at; a file settles within seconds. */
export const LOOK_MS = 2000;
const IDLE_LOOKS = 5;

export class DropsManager {
  drops = $state.raw<DropsAnswer | null>(null);
  fault = $state.raw<unknown>(null);
  runs = $state.raw<readonly RunInfo[] | null>(null);
  run = $state.raw<RunAnswer | null>(null);
  runFault = $state.raw<unknown>(null);
  /** The run that was chosen; empty: the newest. */
  chosen = $state('');
  readonly plant: string;
  #reading = false;
  #again = false;

  readonly shownId = $derived(
    this.runs?.find((run) => run.id === this.chosen)?.id ?? this.runs?.[0]?.id ?? ''
  );
  readonly busy = $derived(
    (this.drops?.drops ?? []).some((drop) => UNDER_WAY.has(drop.state)) ||
      (this.runs ?? []).some((run) => UNDER_WAY.has(run.status))
  );

  constructor(plant: string) {
    this.plant = plant;
  }

  /** Look until the returned function is called. */
  begin(): () => void {
    void this.read();
    let looks = 0;
    const timer = setInterval(() => {
      if (this.busy || ++looks % IDLE_LOOKS === 0) void this.read();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }

  /** Read all anew; asked for while it reads, it reads once more. */
  async read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    do {
      this.#again = false;
      await Promise.all([this.#readDrops(), this.#readRuns()]);
    } while (this.#again);
    this.#reading = false;
  }

  /** Show another run. */
  async choose(id: string): Promise<void> {
    this.chosen = id;
    if (this.run?.id !== id) this.run = null;
    await this.read();
  }

  /** Take in what events say. */
  take(runs: readonly PipelineRun[]): void {
    if (runs.some((run) => run.plant === this.plant)) void this.read();
  }

  async #readDrops(): Promise<void> {
    try {
      this.drops = await readDrops(this.plant);
      this.fault = null;
    } catch (error) {
      this.fault = error;
    }
  }

  async #readRuns(): Promise<void> {
    try {
      this.runs = await readRuns(this.plant);
      const id = this.shownId;
      // What has ended doesn't change any more.
      if (id && !(this.run?.id === id && this.run.ended !== null)) this.run = await readRun(id);
      this.runFault = null;
    } catch (error) {
      this.runFault = error;
    }
  }
}
