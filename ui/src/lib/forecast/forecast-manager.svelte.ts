/** The table of recent rows, and the forecasts from them. */
import { crossedLimit } from '#lib/plant/limits.ts';
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';
import { faultOf, parseTyped } from '#lib/predict/check.ts';
import { cellsOf, numberOf, parseTable, type TagValues } from '#lib/predict/csv.ts';
import { extremeNames, withExtremes } from '#lib/predict/presets.ts';
import { askForecasts, askRisk, type Forecast, type Prediction } from '#lib/predict/score.service.ts';
import { forecast as words } from '#lib/texts/forecast.ts';

export const ROWS = 12;

export class ForecastManager {
  /** Texts as typed, by row (the newest last) and tag. */
  cells = $state<Record<string, string>[]>(Array.from({ length: ROWS }, () => ({})));
  results = $state.raw<readonly Forecast[]>([]);
  /** The risk of an alarm now by the same rows; a forecast is of the next one. */
  now = $state.raw<Prediction | null>(null);
  /** Tags beyond a limit in the newest row that `results` are of, with the limit: an alarm begins no more, it is there. */
  beyond = $state.raw<readonly string[]>([]);
  error = $state.raw<unknown>(null);
  told = $state('');
  faults = $state.raw<readonly string[]>([]);
  working = $state(false);
  /** Extremes of rows that came with some, until a cell of theirs is typed in. */
  #extremes: TagValues[] = [];
  #tags: readonly Tag[];

  constructor(tags: readonly Tag[]) {
    this.#tags = tags;
  }

  /** Fill the table with the newest of `rows`; what is above them is empty. */
  fill(rows: readonly TagValues[]): void {
    const newest = rows.slice(-ROWS);
    const padded = [...Array.from({ length: ROWS - newest.length }, (): TagValues => ({})), ...newest];
    const extremes = extremeNames(this.#tags);
    this.cells = padded.map((row) =>
      Object.fromEntries(this.#tags.map(({ name }) => [name, textOf(row[name])]))
    );
    this.#extremes = padded.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => extremes.includes(name)))
    );
    this.faults = [];
    this.told =
      rows.length > ROWS
        ? words.newestOf(ROWS, rows.length)
        : rows.length > 0
          ? words.taken(rows.length)
          : '';
  }

  type(row: number, tag: string, text: string): void {
    const cells = this.cells[row];
    if (!cells) return;
    cells[tag] = text;
    this.#extremes[row] = {};
  }

  /** Fill the table from text with a heading, or with a column for each tag. */
  read(text: string): void {
    const names = this.#tags.map((tag) => tag.name);
    const { rows, faults } = parseTable(text, names, extremeNames(this.#tags));
    if (faults.length === 0) this.fill(rows);
    else this.faults = faults;
  }

  /** Take a pasted block: a whole table, or cells from (row, tag) on.
   *
   * @returns false where it is one value, for the field itself. */
  paste(text: string, row: number, tag: string): boolean {
    const block = cellsOf(text);
    if (block.length <= 1 && (block[0]?.length ?? 0) <= 1) return false;
    const heading = (block[0] ?? []).some((cell) => numberOf(cell) === undefined);
    if (heading || (block[0]?.length ?? 0) >= this.#tags.length) this.read(text);
    else this.#place(block, row, tag);
    return true;
  }

  /** Cells at fault, as 'row tag'. */
  wrong(): Record<string, string> {
    const found = this.cells.flatMap((cells, row) =>
      this.#tags.map((tag) => [`${row} ${tag.name}`, faultOf(cells[tag.name] ?? '', tag)] as const)
    );
    return Object.fromEntries(found.filter(([, fault]) => fault !== ''));
  }

  async send(plant: Plant): Promise<void> {
    const rows = this.cells.map((cells, n) => {
      const row = this.#tags.map(({ name }) => [name, parseTyped(cells[name] ?? '') ?? null] as const);
      return withExtremes({ ...Object.fromEntries(row), ...this.#extremes[n] }, this.#tags);
    });
    this.error = null;
    if (rows.every((row) => Object.values(row).every((value) => value === null))) {
      this.error = new Error(words.allEmpty);
      return;
    }
    this.working = true;
    try {
      [this.results, this.now] = await Promise.all([
        askForecasts(plant.name, rows),
        // Forecasts are shown also where nothing says what is now.
        askRisk(plant.name, rows, false).catch(() => null)
      ]);
      this.beyond = this.#tags.flatMap((tag) => {
        const limit = crossedLimit(tag, rows.at(-1)?.[tag.name]);
        return limit ? [`${tag.name} ${limit}`] : [];
      });
    } catch (error) {
      this.error = error;
    } finally {
      this.working = false;
    }
  }

  #place(block: readonly (readonly string[])[], row: number, tag: string): void {
    const start = this.#tags.findIndex(({ name }) => name === tag);
    block.forEach((cells, down) =>
      cells.forEach((cell, right) => {
        const name = this.#tags[start + right]?.name;
        if (name !== undefined) this.type(row + down, name, cell);
      })
    );
    this.faults = [];
    this.told = words.taken(Math.min(block.length, ROWS - row));
  }
}

function textOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : String(Number(value.toPrecision(6)));
}
