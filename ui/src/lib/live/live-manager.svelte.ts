/** The live plant as the gateway tells it: newest rows and scores, open warnings, runs, models, and how fresh all is. */
import { api, unwrap } from '#lib/api/client.ts';
import { sentence } from '#lib/api/problem.ts';
import { Latest } from '#lib/latest.ts';
import { plants } from '#lib/plant/plants-manager.svelte.ts';
import { readRows } from './rows.service.ts';
import { follow, type ConnectionState } from './events.service.ts';
import { pulses } from './pulses.svelte.ts';
import type { LiveEvent, LiveStatus, ModelChange, PipelineRun, Row, ScoredRow, Warning } from './types.ts';

const TYPES: readonly LiveEvent['event'][] = ['reading', 'scores', 'status', 'warning', 'run', 'model'];
/** So much of the past is kept: ten days of hourly rows. */
export const KEPT_ROWS = 240;
const KEPT_RUNS = 20;
/** Open ones are kept however many there are. */
const KEPT_WARNINGS = 50;
/** So long after the past was read, events of what it holds already may still come. */
const LATE_MS = 5000;
const AGAIN_MS = 10_000;

class LiveManager {
  connection = $state<ConnectionState>('connecting');
  status = $state.raw<LiveStatus | null>(null);
  rows = $state.raw<readonly Row[]>([]);
  scores = $state.raw<readonly ScoredRow[]>([]);
  warnings = $state.raw<readonly Warning[]>([]);
  runs = $state.raw<readonly PipelineRun[]>([]);
  /** The newest change of a model's version or alias; pages that show models read them anew on it. */
  modelChange = $state.raw<ModelChange | null>(null);
  /** How many rows have arrived since they are followed. */
  received = $state(0);
  /** Why the state could not be read, where it could not. */
  fault = $state('');
  loaded = $state(false);

  readonly newest = $derived(this.rows.at(-1) ?? null);
  readonly newestScores = $derived(this.scores.at(-1) ?? null);
  /** Of the followed plant: another one's are for its own pages. */
  readonly openWarnings = $derived(
    this.warnings.filter(
      (warning) => warning.state !== 'cleared' && (!plants.live || warning.plant === plants.live.name)
    )
  );
  /** The plant whose rows and scores are followed; empty until it is known. */
  #plant = '';
  readonly #latest = new Latest();
  #readAt = -Infinity;
  /** Events that came while the state was read: its answers may be older. */
  #meanwhile: LiveEvent[] | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Follow the stream until the returned function is called. */
  begin(): () => void {
    const ended = new AbortController();
    void follow(
      TYPES,
      {
        onEvent: (event) => this.take(event),
        onConnection: (state) => (this.connection = state),
        onConnect: (missed) => {
          // A gateway that was begun anew may have other plants.
          void plants.read().then(() => {
            this.#plant = plants.live?.name ?? this.#plant;
            if (missed && !ended.signal.aborted) void this.read();
          });
        }
      },
      ended.signal
    );
    return () => {
      ended.abort();
      this.#clear();
    };
  }

  /** Follow a plant's rows and scores, in place of the one before; empty: the gateway's default. */
  followPlant(name: string): void {
    if (name === this.#plant) return;
    this.#plant = name;
    this.received = 0;
    [this.rows, this.scores] = [[], []];
    // Without a stream all is read as soon as there is one.
    if (this.connection === 'open') void this.read();
  }

  /** Read the state anew, as it is now; again after a while where it can't be had. */
  async read(): Promise<void> {
    clearTimeout(this.#again);
    const meanwhile: LiveEvent[] = (this.#meanwhile = []);
    const fail = (error: unknown) => {
      this.#meanwhile = null;
      this.fault = sentence(error);
      this.#again = setTimeout(() => void this.read(), AGAIN_MS);
    };
    const state = Promise.all([
      unwrap(api.GET('/live', { params: { query: this.#query() } })),
      unwrap(api.GET('/live/scores', { params: { query: { ...this.#query(), limit: KEPT_ROWS } } })),
      unwrap(api.GET('/warnings', { params: { query: { state: 'open', limit: 200 } } }))
    ]);
    let settled = await this.#latest.settle(
      state,
      ([status, scores, warnings]) => {
        this.status = status;
        this.scores = scores.rows.toReversed();
        this.warnings = warnings.warnings;
      },
      fail
    );
    if (settled === 'taken') {
      settled = await this.#latest.settle(
        readRows(this.#plant, KEPT_ROWS),
        (rows) => {
          this.rows = rows;
          this.#readAt = performance.now();
          this.fault = '';
          this.#meanwhile = null;
          for (const event of meanwhile) this.#apply(event);
        },
        fail
      );
    }
    if (settled !== 'late') this.loaded = true;
  }

  /** Take an event of the stream in. */
  take(event: LiveEvent): void {
    this.#meanwhile?.push(event);
    if (event.event === 'reading' && this.#isFollowed(event.data.plant)) this.received++;
    pulses.take(event);
    this.#apply(event);
  }

  #apply({ event, data }: LiveEvent): void {
    if ((event === 'reading' || event === 'scores') && !this.#isFollowed(data.plant)) return;
    if (event === 'reading') this.rows = this.#after(this.rows, data, (row) => row.timestamp);
    else if (event === 'scores') this.scores = this.#after(this.scores, data, (row) => row.plant_time);
    else if (event === 'warning') this.replace(data.warning);
    else if (event === 'status') this.#takeStatus(data);
    else if (event === 'run') this.#run(data);
    else if (event === 'model') this.modelChange = data;
    else void this.read();
  }

  /** Put a warning, as an answer or event tells it, into its place. */
  replace(warning: Warning): void {
    const others = this.warnings.filter((other) => other.id !== warning.id);
    const all = [warning, ...others].toSorted((a, b) => b.id - a.id);
    this.warnings = all.filter((one, n) => n < KEPT_WARNINGS || one.state !== 'cleared');
  }

  /** `past` with one more; a plant that was begun anew has another past. */
  #after<T>(past: readonly T[], next: T, time: (one: T) => string): readonly T[] {
    const last = past.at(-1);
    if (last === undefined || time(next) > time(last)) return [...past.slice(1 - KEPT_ROWS), next];
    return performance.now() - this.#readAt < LATE_MS ? past : [next];
  }

  #query(): { plant?: string } {
    return this.#plant ? { plant: this.#plant } : {};
  }

  /** As long as nobody knows which plant is followed, there is but one. */
  #isFollowed(plant: string): boolean {
    return this.#plant === '' || plant === this.#plant;
  }

  /** Without a plant it is of all. */
  #takeStatus(status: LiveStatus): void {
    if (status.plant === null || this.#isFollowed(status.plant)) this.status = status;
  }

  #run(run: PipelineRun): void {
    this.runs = [run, ...this.runs.filter((other) => other.id !== run.id)].slice(0, KEPT_RUNS);
  }

  #clear(): void {
    clearTimeout(this.#again);
    this.#latest.cancel();
    this.#meanwhile = null;
    this.#plant = '';
    pulses.clear();
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
