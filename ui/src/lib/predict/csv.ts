/** Rows of readings from pasted or dropped text; pure. Says which column is at fault, and what was expected. */
import { csv as words } from '#lib/texts/predict.ts';

export type TagValues = Record<string, number | null>;
export type CsvTable = { rows: TagValues[]; faults: string[] };

const TIMES = new Set(['timestamp', 'time']);
const MISSING = new Set(['', '-', 'null', 'nan', 'na', 'n/a']);
const MOST_FAULTS = 5;

type Column = { name: string; time: boolean };

/** Rows, oldest first, as they stand there.
 *
 * @param text with or without a heading.
 * @param order names of a row without a heading.
 * @param further names that a heading may have as well. */
export function parseTable(
  text: string,
  order: readonly string[],
  further: readonly string[] = []
): CsvTable {
  const lines = cellsOf(text);
  const first = lines[0];
  if (!first) return { rows: [], faults: [words.empty] };
  const heading = first.every((cell) => numberOf(cell) === undefined || cell === '');
  const faults: string[] = [];
  const columns = heading
    ? matchHeader(first, [...order, ...further], faults)
    : columnsInOrder(first.length, order);
  const body = heading ? lines.slice(1) : lines;
  if (faults.length === 0 && body.length === 0) faults.push(words.noRows);
  if (faults.length > 0) return { rows: [], faults: firstFaults(faults) };
  const rows = body.map((cells, n) => {
    const line = n + (heading ? 2 : 1);
    if (columns === null) faults.push(words.count(line, cells.length, order.length));
    else if (cells.length !== columns.length) faults.push(words.cells(line, cells.length, columns.length));
    else return rowOf(cells, columns, line, faults);
    return {};
  });
  return faults.length > 0 ? { rows: [], faults: firstFaults(faults) } : { rows, faults: [] };
}

/** Cells of a block, as a spreadsheet or a file has them. */
export function cellsOf(text: string): string[][] {
  const lines = text.split(/\r?\n|\r/).filter((line) => line.trim() !== '');
  const mark = ['\t', ';', ','].find((found) => lines[0]?.includes(found)) ?? ',';
  return lines.map((line) =>
    line.split(mark).map((cell) => {
      const bare = cell.trim().replace(/^"(.*)"$/, '$1');
      return mark === ',' ? bare : bare.replace(/^(-?\d+),(\d+)$/, '$1.$2');
    })
  );
}

/** A number, null where the cell says that there is none, undefined where it is something else. */
export function numberOf(cell: string): number | null | undefined {
  const bare = cell.trim();
  if (MISSING.has(bare.toLowerCase())) return null;
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(bare)) return undefined;
  const number = Number(bare);
  return Number.isFinite(number) ? number : undefined;
}

function matchHeader(cells: readonly string[], known: readonly string[], faults: string[]): Column[] {
  const canonical = new Map(known.map((name) => [name.toLowerCase(), name]));
  const seen = new Set<string>();
  return cells.map((cell, n) => {
    const time = TIMES.has(cell.toLowerCase());
    const name = time ? 'timestamp' : canonical.get(cell.toLowerCase());
    if (name === undefined) faults.push(words.unknown(n + 1, cell));
    else if (seen.has(name)) faults.push(words.twice(name));
    seen.add(name ?? cell);
    return { name: name ?? cell, time };
  });
}

function columnsInOrder(count: number, order: readonly string[]): Column[] | null {
  const columns = order.map((name) => ({ name, time: false }));
  if (count === order.length) return columns;
  return count === order.length + 1 ? [{ name: 'timestamp', time: true }, ...columns] : null;
}

function rowOf(
  cells: readonly string[],
  columns: readonly Column[],
  line: number,
  faults: string[]
): TagValues {
  const row: TagValues = {};
  columns.forEach(({ name, time }, n) => {
    if (time) return;
    const cell = cells[n] ?? '';
    const number = numberOf(cell);
    if (number === undefined) faults.push(words.noNumber(line, name, cell));
    else row[name] = number;
  });
  return row;
}

function firstFaults(faults: readonly string[]): string[] {
  const left = faults.length - MOST_FAULTS;
  return left > 0 ? [...faults.slice(0, MOST_FAULTS), words.more(left)] : [...faults];
}
