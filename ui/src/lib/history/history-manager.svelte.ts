/** One's results: the page that is shown, what is open, what is about to be deleted. */
import { Latest } from '#lib/latest.ts';
import { plants } from '#lib/plant/plants-manager.svelte.ts';
import { EVERYTHING, faultOf, filterOf, type HistoryFilter, type HistoryForm } from './filter.ts';
import {
  deleteEntry,
  deleteMatching,
  exportCsv,
  readEntry,
  readPage,
  type HistoryEntry,
  type EntrySummary
} from './history.service.ts';

export const UNDO_MS = 5000;

export class HistoryManager {
  form = $state<HistoryForm>({ ...EVERYTHING });
  entries = $state.raw<readonly EntrySummary[]>([]);
  loaded = $state(false);
  working = $state(false);
  error = $state.raw<unknown>(null);
  open = $state<number | null>(null);
  opened = $state.raw<HistoryEntry | null>(null);
  openError = $state.raw<unknown>(null);
  /** Results that are hidden and deleted soon, the newest last. */
  leaving = $state.raw<readonly number[]>([]);
  /** How many the last deletion took; null before the first. */
  gone = $state<number | null>(null);
  readonly fault = $derived(faultOf(this.form));
  readonly shown = $derived(this.entries.filter((entry) => !this.leaving.includes(entry.id)));
  /** `before` of the pages up to this one; null is the first. */
  #pages = $state.raw<readonly (number | null)[]>([null]);
  #next = $state<number | null>(null);
  readonly page = $derived(this.#pages.length);
  readonly hasOlder = $derived(this.#next !== null);
  #timers: Record<number, ReturnType<typeof setTimeout>> = {};
  readonly #latest = new Latest();

  get filter(): HistoryFilter {
    return filterOf(this.form, plants.zone);
  }

  /** Read the first page of what is meant. */
  async read(): Promise<void> {
    this.#pages = [null];
    await this.#read();
  }

  async older(): Promise<void> {
    if (this.#next === null) return;
    this.#pages = [...this.#pages, this.#next];
    await this.#read();
  }

  async newer(): Promise<void> {
    if (this.#pages.length < 2) return;
    this.#pages = this.#pages.slice(0, -1);
    await this.#read();
  }

  /** Open a result's request and answer, or close it. */
  async toggle(id: number): Promise<void> {
    this.open = this.open === id ? null : id;
    this.opened = null;
    this.openError = null;
    if (this.open === null) return;
    try {
      const entry = await readEntry(id);
      if (this.open === id) this.opened = entry;
    } catch (error) {
      if (this.open === id) this.openError = error;
    }
  }

  /** Hide a result now, and delete it unless it is taken back in time. */
  remove(id: number): void {
    this.leaving = [...this.leaving, id];
    this.#timers[id] = setTimeout(() => void this.#delete(id), UNDO_MS);
  }

  undo(id: number): void {
    clearTimeout(this.#timers[id]);
    this.leaving = this.leaving.filter((other) => other !== id);
  }

  /** Delete at once what is still waiting, as the page is left. */
  flush(): void {
    for (const id of this.leaving) {
      clearTimeout(this.#timers[id]);
      void this.#delete(id);
    }
  }

  /** Delete all that the filter means. */
  async removeMatching(): Promise<void> {
    this.working = true;
    try {
      this.gone = await deleteMatching(this.filter);
      await this.read();
    } catch (error) {
      this.error = error;
    }
    this.working = false;
  }

  /** The file of all that the filter means; null where it can't be had, and `error` says why. */
  async file(): Promise<Blob | null> {
    try {
      return await exportCsv(this.filter);
    } catch (error) {
      this.error = error;
      return null;
    }
  }

  async #delete(id: number): Promise<void> {
    try {
      await deleteEntry(id);
      this.entries = this.entries.filter((entry) => entry.id !== id);
    } catch (error) {
      this.error = error;
    }
    this.leaving = this.leaving.filter((other) => other !== id);
  }

  async #read(): Promise<void> {
    if (this.fault) return;
    this.open = null;
    const settled = await this.#latest.settle(
      readPage(this.filter, this.#pages.at(-1) ?? null),
      (found) => {
        this.entries = found.entries;
        this.#next = found.next;
        this.error = null;
      },
      (error) => (this.error = error)
    );
    if (settled !== 'late') this.loaded = true;
  }
}
