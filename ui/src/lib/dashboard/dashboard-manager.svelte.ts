/** What the dashboard shows of a plant, live or of its past: columns for charts, the trend's tags and time, the cursor. */
import { untrack } from 'svelte';
import { ChartColumns } from '#lib/charts/columns.svelte.ts';
import { eachFrame } from '#lib/charts/frame.ts';
import { live } from '#lib/live/live-manager.svelte.ts';
import type { Row, ScoredRow } from '#lib/live/types.ts';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';
import { units } from './plant-view.ts';
import { overThreshold } from './risk.ts';
import type { SpanRow } from './span-chart.ts';
import type { Span } from './spans.ts';

const HOUR_S = 3600;
const KEY = 'forewarn.trend.';
/** Room right of now, for the forecasts: the longest horizon and this, or a part of what is shown where there are none. */
const BEYOND_HOURS = 2;
const BEYOND_SHARE = 0.1;
/** In rows. */
const SPANS = [24, 72, 240] as const;

/** Where rows and scores come from, and which of them is now. */
export type BoardFeed = () => {
  rows: readonly Row[];
  scores: readonly ScoredRow[];
  row: Row | null;
  score: ScoredRow | null;
};

const followLive: BoardFeed = () => ({
  rows: live.rows,
  scores: live.scores,
  row: live.newest,
  score: live.newestScores
});

class DashboardManager {
  readonly readings = new ChartColumns<Row>(
    (row) => row.timestamp,
    (row) => row.values
  );
  readonly scores = new ChartColumns<ScoredRow>((row) => row.plant_time, byHorizon);
  /** The newest row and scores as they were at the last frame. */
  row = $state.raw<Row | null>(null);
  score = $state.raw<ScoredRow | null>(null);
  tags = $state.raw<readonly string[]>([]);
  /** Infinite: all of `reach`. */
  hours = $state<number>(72);
  /** From where to where a past goes that is shown as a whole; null: it has no beginning. */
  reach = $state.raw<readonly [number, number] | null>(null);
  /** Whether now is the present. */
  isLive = $state(true);
  /** Rows below the risk. */
  spanRows = $state.raw<readonly SpanRow[]>([]);
  /** Times that are shaded behind the trends. */
  shades = $state.raw<readonly Span[]>([]);
  /** Counts up where charts have to be drawn anew. */
  drawn = $state(0);
  /** What was zoomed to; null follows the present. */
  zoom = $state.raw<readonly [number, number] | null>(null);
  /** Seconds since 1970. */
  cursor = $state<number | null>(null);
  /** So many trends fit, and so many are there at first. */
  most = $state(4);
  first = $state(3);
  #plant = '';
  #interval = $state(HOUR_S);
  #horizon = $state(0);
  #feed: BoardFeed = followLive;
  readonly #frame = eachFrame(() => this.#take());

  readonly now = $derived(this.row ? Date.parse(this.row.timestamp) / 1000 : null);
  readonly window = $derived<readonly [number, number] | null>(
    this.zoom ?? (this.hours === Infinity && this.reach ? this.reach : this.#newest())
  );
  /** What may be shown, in hours. */
  readonly spans = $derived(SPANS.map((rows) => (rows * this.#interval) / HOUR_S));

  /** The row under the cursor, the newest one without a cursor. */
  readonly index = $derived(this.#indexIn(this.readings));
  readonly scoreIndex = $derived(this.#indexIn(this.scores));

  /** Take what there is, and from then on one change a frame, until the returned function is called. */
  begin(feed: BoardFeed = followLive): () => void {
    this.#feed = feed;
    this.isLive = feed === followLive;
    [this.zoom, this.cursor, this.reach] = [null, null, null];
    if (this.hours === Infinity) this.hours = this.spans[1] ?? HOUR_S;
    this.mark([]);
    this.#take();
    return () => this.#frame.end();
  }

  /** Show spans of time below the risk, and behind the trends. */
  mark(spanRows: readonly SpanRow[], shades: readonly Span[] = []): void {
    [this.spanRows, this.shades] = [spanRows, shades];
    untrack(() => this.drawn++);
  }

  /** The plant has moved; many such calls are one change. */
  refresh(): void {
    this.#frame.ask();
  }

  /** Show a plant's trends: those chosen before, else its first ones. */
  choosePlant(plant: Plant): void {
    if (plant.name === this.#plant) return;
    this.#plant = plant.name;
    this.#interval = plant.interval_s;
    this.#horizon = Math.max(0, ...plant.horizons.map(({ hours }) => hours));
    this.hours = this.spans[1] ?? this.hours;
    const kept = (localStorage.getItem(KEY + plant.name) ?? '').split(',');
    const known = kept.filter((name) => plant.tags.some((tag) => tag.name === name));
    const first = units(plant).flatMap((unit) => unit.tags.map((tag) => tag.name));
    this.tags = known.length > 0 ? known.slice(0, this.most) : rankByRules(first, plant).slice(0, this.first);
    this.zoom = null;
  }

  /** Add a tag to the trend, or take it away; the oldest makes room. */
  toggle(tag: string): void {
    const others = this.tags.filter((other) => other !== tag);
    this.tags = others.length < this.tags.length ? others : [...others, tag].slice(-this.most);
    localStorage.setItem(KEY + this.#plant, this.tags.join(','));
  }

  /** Move what is shown by a share of its length. */
  pan(share: number): void {
    if (!this.window) return;
    const by = (this.window[1] - this.window[0]) * share;
    this.zoom = [this.window[0] + by, this.window[1] + by];
  }

  /** Move the cursor by rows. */
  step(rows: number): void {
    const { times } = this.readings;
    this.cursor = times[Math.min(times.length - 1, Math.max(0, this.index + rows))] ?? null;
  }

  follow(): void {
    this.zoom = null;
    this.cursor = null;
  }

  #indexIn({ version, times }: { version: number; times: readonly number[] }): number {
    void version;
    const last = times.length - 1;
    const at = this.cursor ?? (this.isLive ? null : this.now);
    if (at === null) return last;
    let [low, high] = [0, last];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** So much of the past as is asked for, and room ahead. */
  #newest(): readonly [number, number] | null {
    if (this.now === null) return null;
    const hours = Math.min(this.hours, this.spans.at(-1) ?? this.hours);
    const ahead = this.#horizon > 0 ? this.#horizon + BEYOND_HOURS : hours * BEYOND_SHARE;
    return [this.now - hours * HOUR_S, this.now + ahead * HOUR_S];
  }

  #take(): void {
    const { rows, scores, row, score } = this.#feed();
    this.readings.take(rows);
    this.scores.take(scores);
    this.row = row;
    this.score = score;
    untrack(() => this.drawn++);
  }
}

/** Scores of a row over their thresholds, by horizon; `a` before the hours where it is an alarm. */
function byHorizon(row: ScoredRow): Record<string, number | null> {
  const found: Record<string, number | null> = {};
  for (const score of row.scores) {
    found[`r${score.horizon_hours}`] = overThreshold(score);
    found[`a${score.horizon_hours}`] = score.alarm ? 1 : 0;
  }
  return found;
}

/** Tags that an alarm rule names come first: they are what warnings are of. */
function rankByRules(names: readonly string[], plant: Plant): string[] {
  const rules = plant.alarm_rules.map((rule) => rule.when).join(' ');
  return names.toSorted((a, b) => Number(rules.includes(b)) - Number(rules.includes(a)));
}

export const board = new DashboardManager();
