/** One warning with all that is known around it: its story, the scores and the readings of its time. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import type { Row, ScoredRow, Warning } from '#lib/live/types.ts';
import { readHours } from '#lib/live/rows.service.ts';
import { Latest } from '#lib/latest.ts';
import { warnings } from '#lib/texts/warnings.ts';
import type { LaneMark } from './lane.ts';

export type Story = components['schemas']['WarningStory'];
export type StoryAction = Story['actions'][number];

const HOUR_MS = 3_600_000;
const BEFORE_MS = 12 * HOUR_MS;
const AFTER_MS = 6 * HOUR_MS;
/** The plant goes on while it is asked: hours are counted from its newest row. */
const SPARE_HOURS = 4;
const PAGE = 500;
const MOST_PAGES = 4;

export class StoryManager {
  readonly id: number;
  story = $state.raw<Story | null>(null);
  scores = $state.raw<readonly ScoredRow[] | null>(null);
  rows = $state.raw<readonly Row[] | null>(null);
  fault = $state.raw<unknown>(null);
  scoresFault = $state.raw<unknown>(null);
  rowsFault = $state.raw<unknown>(null);
  readonly period = $derived(this.story && periodOf(this.story));
  readonly #latest = new Latest();

  constructor(id: number) {
    this.id = id;
  }

  /** Read the story anew; of several reads the last one asked for counts. */
  async read(): Promise<void> {
    const params = { path: { warning_id: this.id } };
    await this.#latest.settle(
      unwrap(api.GET('/warnings/{warning_id}', { params })),
      (story) => {
        this.story = story;
        this.fault = null;
      },
      (error) => (this.fault = error)
    );
  }

  /** Take in what an action answered; its line of the story comes with the next read. */
  take(changed: Warning): void {
    if (this.story) this.story = { ...this.story, ...changed };
  }

  /** What the models said from before it opened until after it cleared. */
  async readScores(plant: string, from: number, to: number): Promise<void> {
    this.scoresFault = null;
    try {
      this.scores = await scoresOf(plant, from, to);
    } catch (error) {
      this.scoresFault = error;
    }
  }

  /** Readings of the same time.
   *
   * @param newest time of the newest row there is. */
  async readRows(plant: string, from: number, newest: number): Promise<void> {
    this.rowsFault = null;
    try {
      this.rows = await readHours(plant, Math.ceil((newest - from) / HOUR_MS) + SPARE_HOURS);
    } catch (error) {
      this.rowsFault = error;
    }
  }
}

/** From before a warning opened until after it cleared; while it is open there is no end yet. */
export function periodOf(story: Story): { from: number; to: number } {
  const from = Date.parse(story.since) - BEFORE_MS;
  const to = story.cleared_time === null ? Infinity : Date.parse(story.cleared_time) + AFTER_MS;
  return { from, to };
}

/** What was read, and what came live since then, within a period. */
export function within<T>(
  read: readonly T[],
  live: readonly T[],
  time: (one: T) => string,
  period: { from: number; to: number }
): T[] {
  const last = read.length ? Date.parse(time(read[read.length - 1] as T)) : -Infinity;
  const since = live.filter((one) => Date.parse(time(one)) > last);
  return [...read, ...since].filter((one) => {
    const moment = Date.parse(time(one));
    return moment >= period.from && moment <= period.to;
  });
}

/** From its opening to its end, in seconds; an open one has none yet. */
export function spanOf(story: Story): [number, number] {
  return [seconds(story.since), story.cleared_time ? seconds(story.cleared_time) : Infinity];
}

/** What is marked in its charts: it opened, an alarm rule was met, it cleared. */
export function marksOf(story: Story): LaneMark[] {
  const { opened, came, cleared } = warnings.storyPage;
  const cameLater = story.came_time !== null && story.came_time !== story.since;
  return [
    { at: seconds(story.since), name: opened },
    ...(cameLater ? [{ at: seconds(story.came_time ?? ''), name: came }] : []),
    ...(story.cleared_time ? [{ at: seconds(story.cleared_time), name: cleared }] : []),
    ...(story.missed_time ? [{ at: seconds(story.missed_time), name: came }] : [])
  ];
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

async function scoresOf(plant: string, from: number, to: number): Promise<ScoredRow[]> {
  const found: ScoredRow[] = [];
  const period = {
    since: new Date(from).toISOString(),
    ...(Number.isFinite(to) && { until: new Date(to).toISOString() })
  };
  let before: number | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { plant, ...period, limit: PAGE, ...(before !== null && { before }) };
    const answer: components['schemas']['ScoresAnswer'] = await unwrap(
      api.GET('/live/scores', { params: { query } })
    );
    found.push(...answer.rows);
    before = answer.next;
    if (before === null) break;
  }
  return found.toReversed();
}
