/** Sources and outputs, read again and again; rates from what was received between two answers. */
import { Latest } from '#lib/latest.ts';
import { readConnections, type Connections, type Source } from './connections.service.ts';

export const EVERY_MS = 5000;

export class ConnectionsManager {
  found = $state.raw<Connections | null>(null);
  fault = $state.raw<unknown>(null);
  #rates = $state.raw<Readonly<Record<string, number>>>({});
  #counts: Readonly<Record<string, number>> = {};
  #at = 0;
  #next: ReturnType<typeof setTimeout> | undefined;
  readonly #latest = new Latest();

  /** Read until the returned function is called. */
  begin(): () => void {
    void this.#readOn();
    return () => {
      clearTimeout(this.#next);
      this.#latest.cancel();
    };
  }

  async read(): Promise<'taken' | 'failed' | 'late'> {
    return this.#latest.settle(
      readConnections(),
      (found) => {
        this.#measure(found.sources, performance.now());
        this.found = found;
        this.fault = null;
      },
      (error) => (this.fault = error)
    );
  }

  /** Records a second since the answer before; null: not known yet. */
  rateOf(source: Source): number | null {
    return this.#rates[keyOf(source)] ?? null;
  }

  async #readOn(): Promise<void> {
    if ((await this.read()) !== 'late') this.#next = setTimeout(() => void this.#readOn(), EVERY_MS);
  }

  #measure(sources: readonly Source[], now: number): void {
    const seconds = (now - this.#at) / 1000;
    const rates = sources.flatMap((source): [string, number][] => {
      const before = this.#counts[keyOf(source)];
      // A service that was begun anew counts from zero.
      return before === undefined || before > source.received || seconds <= 0
        ? []
        : [[keyOf(source), (source.received - before) / seconds]];
    });
    this.#rates = Object.fromEntries(rates);
    this.#counts = Object.fromEntries(sources.map((source) => [keyOf(source), source.received]));
    this.#at = now;
  }
}

function keyOf({ name, kind, plant }: Source): string {
  return `${kind} ${name} ${plant ?? ''}`;
}
