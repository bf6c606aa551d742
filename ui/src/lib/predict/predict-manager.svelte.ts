/** The form for one row of values, and what came of it. */
import { Latest } from '#lib/latest.ts';
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';
import { predict as words } from '#lib/texts/predict.ts';
import { faultOf, parseTyped } from './check.ts';
import { parseTable, type TagValues } from './csv.ts';
import { extremeNames, lookBack, withExtremes } from './presets.ts';
import { askRisk, askWhy, type Explanation, type Prediction } from './score.service.ts';

export type PriorHistory = 'steady' | 'live' | 'unknown';

export class PredictManager {
  values = $state<Record<string, string>>({});
  before = $state<PriorHistory>('steady');
  result = $state.raw<Prediction | null>(null);
  explanation = $state.raw<Explanation | null>(null);
  error = $state.raw<unknown>(null);
  explainError = $state.raw<unknown>(null);
  pasteFaults = $state.raw<readonly string[]>([]);
  working = $state(false);
  /** Extremes that were pasted; typing in a tag forgets its own. */
  #extremes: TagValues = {};
  readonly #latest = new Latest();

  fill(row: TagValues): void {
    this.#extremes = {};
    this.values = Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value === null ? '' : String(value)])
    );
  }

  type(tag: Tag, text: string): void {
    this.values[tag.name] = text;
    const own = extremeNames([tag]);
    this.#extremes = Object.fromEntries(
      Object.entries(this.#extremes).filter(([name]) => !own.includes(name))
    );
  }

  /** Fill in the last row of pasted text.
   *
   * @returns how many values; 0 where something is wrong with it. */
  paste(text: string, tags: readonly Tag[]): number {
    const names = tags.map((tag) => tag.name);
    const { rows, faults } = parseTable(text, names, extremeNames(tags));
    this.pasteFaults = faults;
    const row = rows.at(-1);
    if (!row) return 0;
    this.fill(Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
    this.#extremes = Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
    return names.filter((name) => typeof row[name] === 'number').length;
  }

  faults(tags: readonly Tag[]): Record<string, string> {
    const found = tags.map((tag) => [tag.name, faultOf(this.values[tag.name] ?? '', tag)] as const);
    return Object.fromEntries(found.filter(([, fault]) => fault !== ''));
  }

  /** Score the values, then ask why.
   *
   * @param live newest rows of the live plant. */
  async send(plant: Plant, live: readonly TagValues[]): Promise<void> {
    const row = this.#row(plant.tags);
    if (Object.values(row).every((value) => value === null)) {
      this.error = new Error(words.allEmpty);
      return;
    }
    const rows = this.#rows(plant, row, live);
    this.working = true;
    this.error = this.explainError = null;
    let settled = await this.#latest.settle(
      askRisk(plant.name, rows),
      (result) => {
        this.result = result;
        this.explanation = null;
      },
      (error) => (this.error = error)
    );
    if (settled === 'taken')
      settled = await this.#latest.settle(
        askWhy(plant.name, rows),
        (explanation) => (this.explanation = explanation),
        (error) => (this.explainError = error)
      );
    if (settled !== 'late') this.working = false;
  }

  #row(tags: readonly Tag[]): TagValues {
    return Object.fromEntries(tags.map((tag) => [tag.name, parseTyped(this.values[tag.name] ?? '') ?? null]));
  }

  #rows(plant: Plant, row: TagValues, live: readonly TagValues[]): TagValues[] {
    const newest = withExtremes({ ...row, ...this.#extremes }, plant.tags);
    const count = lookBack(plant);
    if (this.before === 'steady') return Array.from({ length: count }, () => newest);
    return this.before === 'live' ? [...live.slice(1 - count), newest] : [newest];
  }
}
