import { expect, it } from 'vitest';
import { ChartColumns } from './columns.svelte.ts';

type Row = { timestamp: string; values: Record<string, number | null> };
const row = (hour: number, values: Row['values'] = { P: hour }): Row => ({
  timestamp: new Date(hour * 3_600_000).toISOString(),
  values
});
const columns = () =>
  new ChartColumns<Row>(
    (item) => item.timestamp,
    (item) => item.values
  );

it('adds new rows to the same arrays and drops those that are gone', () => {
  const made = columns();
  const rows = [row(1), row(2)];
  made.take(rows);
  const column = made.of('P');
  made.take([rows[1] as Row, row(3), row(4)]);
  expect(made.of('P')).toBe(column);
  expect(column).toEqual([2, 3, 4]);
  expect(made.times).toEqual([7200, 10_800, 14_400]);
});

it('begins anew where the past is another one', () => {
  const made = columns();
  made.take([row(7), row(8)]);
  made.take([row(1)]);
  expect(made.of('P')).toEqual([1]);
  expect(made.times).toEqual([3600]);
  made.take([]);
  expect(made.times).toEqual([]);
});

it('says by its version whether anything changed', () => {
  const made = columns();
  const rows = [row(1)];
  made.take(rows);
  const before = made.version;
  made.take(rows);
  expect(made.version).toBe(before);
  made.take([...rows, row(2)]);
  expect(made.version).toBe(before + 1);
});

it('fills a tag that comes later, or never, with gaps', () => {
  const made = columns();
  made.take([row(1), row(2, { Q: 5 })]);
  expect(made.of('Q')).toEqual([null, 5]);
  expect(made.of('P')).toEqual([1, null]);
  expect(made.of('X')).toEqual([null, null]);
});
