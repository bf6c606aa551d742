/** A plant's history and where in it one is: by hand, or by a replay that runs in the page. */
import type { BoardFeed } from '#lib/dashboard/dashboard-manager.svelte.ts';
import { Latest } from '#lib/latest.ts';
import type { Row, ScoredRow } from '#lib/live/types.ts';
import { isoTime, overviewRows, readingRows, scoredRows } from './past-rows.ts';
import {
  MOST_ROWS,
  readOverview,
  readRows,
  type HistoryOverview,
  type LabelledSpan,
  type PastWarning
} from './replay.service.ts';

/** Rows a second. */
export const SPEEDS = [1, 5, 20, 100] as const;
const TICK_MS = 50;
/** Rows before the shown one that trends need, and rows ahead that a replay is never without. */
const BEFORE = 400;
const AHEAD = 400;

export class ReplayManager {
  overview = $state.raw<HistoryOverview | null>(null);
  fault = $state.raw<unknown>(null);
  /** Seconds since 1970. */
  at = $state(0);
  playing = $state(false);
  speed = $state<number>(5);
  /** Rows around the shown one; all of them where there are few. */
  rows = $state.raw<readonly Row[]>([]);
  scores = $state.raw<readonly ScoredRow[]>([]);
  /** Seconds of each of `rows`. */
  #times: readonly number[] = [];
  #hasMore = false;
  #asked: number | null = null;
  #owed = 0;
  #clock: ReturnType<typeof setInterval> | undefined;
  readonly #latest = new Latest();
  readonly plant: string;

  /** The whole history in few rows. */
  readonly whole = $derived<readonly Row[]>(
    this.overview === null ? [] : this.isWhole ? this.rows : overviewRows(this.overview)
  );
  readonly wholeScores = $derived.by<readonly ScoredRow[]>(() => {
    if (this.overview === null || this.isWhole) return this.scores;
    return scoredRows(this.plant, this.overview.times, this.overview.risk);
  });
  /** The shown row, and the newest scores until then. */
  readonly row = $derived(this.rows[this.#indexOf(this.rows.length)] ?? null);
  readonly score = $derived(
    this.scores.findLast((one) => Date.parse(one.plant_time) / 1000 <= this.at) ?? null
  );
  readonly warning = $derived<PastWarning | null>(
    this.overview?.warnings.findLast(
      ({ start, end }) => start <= this.at && (end === null || this.at < end)
    ) ?? null
  );
  readonly labels = $derived<readonly LabelledSpan[]>(
    (this.overview?.labels ?? []).filter(({ start, end }) => start <= this.at && this.at <= end)
  );

  /** What a board shows: while it runs nothing beyond the shown row, as nobody would have known it. */
  feed(isWhole: boolean): ReturnType<BoardFeed> {
    const [rows, scores] = isWhole ? [this.whole, this.wholeScores] : [this.rows, this.scores];
    const until = isoTime(this.at);
    return {
      rows: this.playing ? rows.filter(({ timestamp }) => timestamp <= until) : rows,
      scores: this.playing ? scores.filter(({ plant_time }) => plant_time <= until) : scores,
      row: this.row,
      score: this.score
    };
  }

  constructor(plant: string) {
    this.plant = plant;
  }

  /** Whether all rows are there. */
  get isWhole(): boolean {
    return this.overview !== null && this.rows.length === this.overview.rows;
  }

  /** Read what there is and go to its end; afterwards the replay stands still. */
  async read(): Promise<void> {
    this.pause();
    await this.#latest.settle(
      readOverview(this.plant),
      (overview) => {
        this.overview = overview;
        this.fault = null;
        this.at = overview.end;
      },
      (error) => (this.fault = error)
    );
    if (this.fault === null) await this.#load();
  }

  /** Go to a moment; beyond the ends to them. */
  go(seconds: number): void {
    if (!this.overview) return;
    this.at = Math.min(this.overview.end, Math.max(this.overview.start, seconds));
    void this.#load();
  }

  /** Go some rows on or back. */
  step(rows: number): void {
    this.go(this.at + rows * (this.overview?.interval_s ?? 0));
  }

  /** Let it run; from its beginning where it is at its end. */
  play(): void {
    if (!this.overview || this.playing) return;
    if (this.at >= this.overview.end) this.go(this.overview.start);
    [this.playing, this.#owed] = [true, 0];
    this.#clock = setInterval(() => this.#tick(), TICK_MS);
  }

  pause(): void {
    clearInterval(this.#clock);
    this.playing = false;
  }

  /** Stop all that goes on. */
  end(): void {
    this.pause();
    this.#latest.cancel();
  }

  #tick(): void {
    if (this.#isMissing()) return;
    this.#owed += (this.speed * TICK_MS) / 1000;
    const rows = Math.floor(this.#owed);
    this.#owed -= rows;
    if (rows > 0) this.step(rows);
    if (this.overview && this.at >= this.overview.end) this.pause();
  }

  /** Whether rows at or around the shown one aren't there yet. */
  #isMissing(margin = 0): boolean {
    const { overview } = this;
    if (!overview) return false;
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (first === undefined || last === undefined) return true;
    const around = margin * overview.interval_s;
    const from = Math.max(overview.start, this.at - around);
    const to = Math.min(overview.end, this.at + around);
    return from < first || (to > last && this.#hasMore) || this.at < first;
  }

  async #load(): Promise<void> {
    const { overview } = this;
    if (!overview || !this.#isMissing(Math.min(BEFORE, AHEAD) / 2)) return;
    const from = Math.max(overview.start, this.at - BEFORE * overview.interval_s);
    if (this.#asked !== null && Math.abs(this.#asked - from) < AHEAD * overview.interval_s) return;
    this.#asked = from;
    await this.#latest.settle(
      readRows(this.plant, overview.rows <= MOST_ROWS ? overview.start : from),
      (found) => {
        this.#asked = null;
        if (found.fingerprint !== overview.fingerprint) return void this.read();
        this.#times = found.times;
        this.#hasMore = found.next !== null;
        this.rows = readingRows(found);
        this.scores = scoredRows(this.plant, found.times, found.risk);
      },
      (error) => {
        this.#asked = null;
        this.fault = error;
        this.pause();
      }
    );
  }

  /** The last of `count` rows at or before the shown moment. */
  #indexOf(count: number): number {
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) <= this.at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
