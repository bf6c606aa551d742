/** Rows over time as the columns that charts draw: the same arrays for good, to which new rows are added. */
export type ChartColumn = (number | null)[];

export class ChartColumns<Item extends object> {
  /** Counts up at each change; who draws follows it. */
  version = $state(0);
  /** Seconds since 1970. */
  readonly times: number[] = [];
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- `version` tells of changes, once a frame
  readonly #columns = new Map<string, ChartColumn>();
  readonly #time: (item: Item) => string;
  readonly #values: (item: Item) => Record<string, number | null>;
  #newest: Item | null = null;

  constructor(time: (item: Item) => string, values: (item: Item) => Record<string, number | null>) {
    this.#time = time;
    this.#values = values;
  }

  /** The column of a name; all nulls where no row has it. */
  of(name: string): ChartColumn {
    let column = this.#columns.get(name);
    if (!column) {
      column = this.times.map(() => null);
      this.#columns.set(name, column);
    }
    return column;
  }

  /** Follow `items`, oldest first: adds what is new, drops what is gone, begins anew where it is another past. */
  take(items: readonly Item[]): void {
    const known = this.#newest ? items.lastIndexOf(this.#newest) : -1;
    if (known === items.length - 1 && this.times.length === items.length) return;
    if (known === -1) this.#empty();
    for (let i = known + 1; i < items.length; i++) this.#add(items[i] as Item);
    this.#drop(this.times.length - items.length);
    this.#newest = items.at(-1) ?? null;
    this.version++;
  }

  #add(item: Item): void {
    const values = this.#values(item);
    for (const name in values) this.of(name);
    this.times.push(Date.parse(this.#time(item)) / 1000);
    for (const [name, column] of this.#columns) column.push(values[name] ?? null);
  }

  #drop(count: number): void {
    if (count <= 0) return;
    this.times.splice(0, count);
    for (const column of this.#columns.values()) column.splice(0, count);
  }

  #empty(): void {
    this.times.length = 0;
    for (const column of this.#columns.values()) column.length = 0;
  }
}
