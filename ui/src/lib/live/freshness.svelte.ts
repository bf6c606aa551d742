/** How old what is shown is, told honestly: by the wall clock, and by how often rows should come. */
import { live } from './live-manager.svelte.ts';

const LEAST_STALE_MS = 15_000;
const MISSED_ROWS = 4;

class Freshness {
  #now = $state(Date.now());
  /** Ms between two rows, by the newest ones; null until two have come. */
  #between = $state<number | null>(null);
  #before = 0;

  readonly age = $derived(live.receivedAt === 0 ? null : Math.max(0, this.#now - live.receivedAt));
  readonly stale = $derived(
    this.age !== null && this.age > Math.max(LEAST_STALE_MS, MISSED_ROWS * (this.#between ?? 0))
  );
  readonly state = $derived(this.stale ? 'stale' : live.connection === 'open' ? 'live' : live.connection);

  begin(): () => void {
    const clock = setInterval(() => (this.#now = Date.now()), 1000);
    return () => clearInterval(clock);
  }

  /** A row has come; called by whoever follows `live.receivedAt`. */
  received(at: number): void {
    if (this.#before > 0 && at > this.#before) this.#between = at - this.#before;
    this.#before = at;
    this.#now = Date.now();
  }
}

export const freshness = new Freshness();
