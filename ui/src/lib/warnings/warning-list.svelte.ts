/** A page of warnings, each with its repeats, kept up to date by what happens. */
import { api, unwrap } from '#lib/api/client.ts';
import { Latest } from '#lib/latest.ts';
import type { Warning } from '#lib/live/types.ts';
import {
  everything,
  mergeChanges,
  queryOf,
  type WarningGroup,
  type WarningQuery,
  type WarningFilter
} from './warning-filter.ts';

const PAGE = 25;

export class WarningList {
  filter = $state<WarningFilter>({ ...everything });
  groups = $state.raw<readonly WarningGroup[]>([]);
  fault = $state.raw<unknown>(null);
  loaded = $state(false);
  reading = $state(false);
  /** `before` of the pages that lead to the shown one; the newest page has none. */
  #befores = $state.raw<readonly number[]>([]);
  #next = $state<number | null>(null);
  #query: WarningQuery = {};
  readonly #latest = new Latest();

  readonly hasOlder = $derived(this.#next !== null);
  readonly hasNewer = $derived(this.#befores.length > 0);

  /** Read the newest page of what the filter chooses. */
  async begin(plant: string | undefined, zone: string): Promise<void> {
    this.#query = queryOf(this.filter, plant, zone);
    this.#befores = [];
    await this.read();
  }

  async older(): Promise<void> {
    if (this.#next === null) return;
    this.#befores = [...this.#befores, this.#next];
    await this.read();
  }

  async newer(): Promise<void> {
    this.#befores = this.#befores.slice(0, -1);
    await this.read();
  }

  /** Read the shown page anew; of several reads the last one asked for counts. */
  async read(): Promise<void> {
    this.reading = true;
    const before = this.#befores.at(-1);
    const query = { ...this.#query, limit: PAGE, ...(before !== undefined && { before }) };
    const settled = await this.#latest.settle(
      unwrap(api.GET('/warnings/groups', { params: { query } })),
      (page) => {
        this.groups = page.groups;
        this.#next = page.next;
        this.fault = null;
        this.loaded = true;
      },
      (error) => (this.fault = error)
    );
    if (settled !== 'late') this.reading = false;
  }

  /** Take in what events and answers say. */
  take(changed: readonly Warning[]): void {
    if (this.loaded) this.groups = mergeChanges(this.groups, changed, this.#query, !this.hasNewer);
  }
}
