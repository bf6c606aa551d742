/** The live plant as the gateway tells it: newest rows and scores, open warnings, runs, models, and how fresh all is. */
import { answered, api } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { sentence } from '#lib/api/problem.ts';
import { plants } from '#lib/plant/plants-manager.svelte.ts';
import { follow, type Connection } from './events.service.ts';

export type Warning = components['schemas']['WarningAnswer'];
export type ScoredRow = components['schemas']['ScoredRow'];
export type Status = components['schemas']['LiveAnswer'];
export type Quality = 'good' | 'held' | 'stale' | 'frozen' | 'saturated' | 'missing';
export type Row = {
  timestamp: string;
  values: Record<string, number | null>;
  quality: Record<string, Quality>;
};
export type Run = {
  id: string;
  plant: string | null;
  job: string;
  status: string;
  steps_done: number;
  steps_failed: number;
  steps_total: number | null;
  /** Seconds since 1970. */
  started: number | null;
  ended: number | null;
};
export type ModelChange = {
  plant: string;
  name: string;
  version: number | null;
  aliases: string[];
  previous: number | null;
};

const TYPES = ['reading', 'scores', 'status', 'warning', 'run', 'model'];
/** So much of the past is kept: ten days of hourly rows. */
export const KEPT_ROWS = 240;
const KEPT_RUNS = 20;
/** Open ones are kept however many there are. */
const KEPT_WARNINGS = 50;
/** So long after the past was read, events of what it holds already may still come. */
const LATE_MS = 5000;
const AGAIN_MS = 10_000;

class LiveManager {
  connection = $state<Connection>('connecting');
  status = $state.raw<Status | null>(null);
  rows = $state.raw<readonly Row[]>([]);
  scores = $state.raw<readonly ScoredRow[]>([]);
  warnings = $state.raw<readonly Warning[]>([]);
  runs = $state.raw<readonly Run[]>([]);
  /** The newest change of a model's version or alias; pages that show models read them anew on it. */
  modelChange = $state.raw<ModelChange | null>(null);
  /** How many rows have arrived since they are followed. */
  received = $state(0);
  /** Why the state could not be read, where it could not. */
  fault = $state('');
  loaded = $state(false);

  readonly newest = $derived(this.rows.at(-1) ?? null);
  readonly newestScores = $derived(this.scores.at(-1) ?? null);
  /** Of the live plant: another one's are for its own pages. */
  readonly openWarnings = $derived(
    this.warnings.filter(
      (warning) => warning.state !== 'cleared' && (!plants.live || warning.plant === plants.live.name)
    )
  );
  #turn = 0;
  #readAt = -Infinity;
  /** Events that came while the state was read: its answers may be older. */
  #meanwhile: [type: string, data: unknown][] | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Follow the live plant until the returned function is called. */
  begin(): () => void {
    const ended = new AbortController();
    void follow(
      TYPES,
      {
        event: (type, data) => this.take(type, data),
        connection: (state) => (this.connection = state),
        connected: (missed) => {
          // A gateway that was begun anew may follow another plant.
          void plants.read();
          if (missed) void this.read();
        }
      },
      ended.signal
    );
    return () => {
      ended.abort();
      this.#clear();
    };
  }

  /** Read the state anew, as it is now; again after a while where it can't be had. */
  async read(): Promise<void> {
    clearTimeout(this.#again);
    const turn = ++this.#turn;
    const meanwhile: [string, unknown][] = (this.#meanwhile = []);
    try {
      const [status, scores, warnings] = await Promise.all([
        answered(api.GET('/live')),
        answered(api.GET('/live/scores', { params: { query: { limit: KEPT_ROWS } } })),
        answered(api.GET('/warnings', { params: { query: { state: 'open', limit: 200 } } }))
      ]);
      if (turn !== this.#turn) return;
      this.status = status;
      this.scores = scores.rows.toReversed();
      this.warnings = warnings.warnings;
      const { rows } = await answered(
        api.GET('/sensors/history', { params: { query: { hours: KEPT_ROWS } } })
      );
      if (turn !== this.#turn) return;
      this.rows = rows;
      this.#readAt = performance.now();
      this.fault = '';
      this.#meanwhile = null;
      for (const [type, data] of meanwhile) this.#apply(type, data);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#meanwhile = null;
      this.fault = sentence(error);
      this.#again = setTimeout(() => void this.read(), AGAIN_MS);
    }
    this.loaded = true;
  }

  /** Take an event of the stream in. */
  take(type: string, data: unknown): void {
    this.#meanwhile?.push([type, data]);
    if (type === 'reading') this.received++;
    this.#apply(type, data);
  }

  #apply(type: string, data: unknown): void {
    if (type === 'reading') this.#row(data as Row);
    else if (type === 'scores') this.#scored(data as ScoredRow);
    else if (type === 'warning') this.replace((data as { warning: Warning }).warning);
    else if (type === 'status') this.status = data as Status;
    else if (type === 'run') this.#run(data as Run);
    else if (type === 'model') this.modelChange = data as ModelChange;
    else if (type === 'gap') void this.read();
  }

  /** Put a warning, as an answer or event tells it, into its place. */
  replace(warning: Warning): void {
    const others = this.warnings.filter((other) => other.id !== warning.id);
    const all = [warning, ...others].toSorted((a, b) => b.id - a.id);
    this.warnings = all.filter((one, n) => n < KEPT_WARNINGS || one.state !== 'cleared');
  }

  #row(row: Row): void {
    this.rows = this.#after(this.rows, row, (one) => one.timestamp);
  }

  #scored(row: ScoredRow): void {
    this.scores = this.#after(this.scores, row, (one) => one.plant_time);
  }

  /** `past` with one more; a plant that was begun anew has another past. */
  #after<T>(past: readonly T[], next: T, time: (one: T) => string): readonly T[] {
    const last = past.at(-1);
    if (last === undefined || time(next) > time(last)) return [...past.slice(1 - KEPT_ROWS), next];
    return performance.now() - this.#readAt < LATE_MS ? past : [next];
  }

  #run(run: Run): void {
    this.runs = [run, ...this.runs.filter((other) => other.id !== run.id)].slice(0, KEPT_RUNS);
  }

  #clear(): void {
    clearTimeout(this.#again);
    this.#turn++;
    this.#meanwhile = null;
    this.received = 0;
    this.fault = '';
    this.rows = [];
    this.scores = [];
    this.warnings = [];
    this.runs = [];
    this.status = null;
    this.loaded = false;
  }
}

export const live = new LiveManager();
