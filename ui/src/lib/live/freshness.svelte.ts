/** How old what is shown is, told honestly: by the clock, and by how often rows should come. */
import { plants } from '#lib/plant/plants-manager.svelte.ts';
import { live } from './live-manager.svelte.ts';

const LEAST_STALE_MS = 15_000;
const MISSED_ROWS = 4;
const KEPT_GAPS = 3;

/** A moment by both clocks: the wall clock may be set anew, the other one may rest while the machine sleeps. */
type Moment = { wall: number; steady: number };

class Freshness {
  #now = $state.raw(moment());
  /** When the newest row came; before the first one, when they began to be followed. */
  #since = $state.raw(moment());
  /** Ms between the newest rows; the middle one counts, as a break is no rhythm. */
  #gaps = $state.raw<readonly number[]>([]);
  #rows = 0;

  /** Ms without a row. */
  readonly age = $derived(Math.max(msBetween(this.#since, this.#now), ageOfRows(this.#now.wall)));
  readonly #usual = $derived(
    this.#gaps.toSorted((a, b) => a - b)[(this.#gaps.length - 1) >> 1] ?? expectedGap()
  );
  readonly stale = $derived(this.age > Math.max(LEAST_STALE_MS, MISSED_ROWS * this.#usual));
  readonly state = $derived.by(() => {
    if (this.stale) return 'stale';
    if (live.connection !== 'open') return live.connection;
    const isKnown = live.received > 0 || live.rows.length > 0;
    return isKnown || live.status?.role === 'scores' ? 'live' : 'connecting';
  });

  begin(): () => void {
    this.#now = this.#since = moment();
    this.#gaps = [];
    this.#rows = 0;
    const clock = setInterval(() => (this.#now = moment()), 1000);
    return () => clearInterval(clock);
  }

  /** So many rows have come; called by whoever follows `live.received`. */
  countRows(rows: number): void {
    if (rows === this.#rows) return;
    const now = moment();
    if (rows < this.#rows) [this.#gaps, this.#rows] = [[], 0]; // another plant is followed
    if (this.#rows > 0) this.#gaps = [...this.#gaps, msBetween(this.#since, now)].slice(-KEPT_GAPS);
    this.#rows = rows;
    this.#now = this.#since = now;
  }
}

function moment(): Moment {
  return { wall: Date.now(), steady: performance.now() };
}

/** The longer of what both clocks say: rather too old than too fresh. */
function msBetween(from: Moment, to: Moment): number {
  return Math.max(0, to.wall - from.wall, to.steady - from.steady);
}

/** How old the newest row that was read is, by a real plant's own clock; 0 once rows come, or where that clock isn't ours. */
function ageOfRows(now: number): number {
  const { live: plant } = plants;
  if (live.received > 0 || !live.newest || !plant || plant.simulated) return 0;
  return now - Date.parse(live.newest.timestamp) - plant.interval_s * 1000;
}

/** Ms between rows of a real plant; a simulated one runs as fast as somebody likes. */
function expectedGap(): number {
  return plants.live && !plants.live.simulated ? plants.live.interval_s * 1000 : 0;
}

export const freshness = new Freshness();
