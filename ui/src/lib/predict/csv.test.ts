import { describe, expect, it } from 'vitest';
import { cellsOf, numberOf, parseTable } from './csv.ts';

const ORDER = ['PDT1', 'LT2', 'FIC3_PV'];

describe('a pasted table', () => {
  it('is read by its header, in any case and order, and leaves times out', () => {
    const table = parseTable('Time,lt2,pdt1,PDT1_max\n2026-01-01T00:00Z,45.5,210,', ORDER, ['PDT1_max']);
    expect(table).toEqual({ rows: [{ LT2: 45.5, PDT1: 210, PDT1_max: null }], faults: [] });
  });

  it('is read in the order of the tags without a heading', () => {
    expect(parseTable('1\t2\t3\r\n4\t\t6\r\n', ORDER).rows).toEqual([
      { PDT1: 1, LT2: 2, FIC3_PV: 3 },
      { PDT1: 4, LT2: null, FIC3_PV: 6 }
    ]);
    expect(parseTable('2026-01-01 00:00;1,5;2;3', ORDER).rows).toEqual([{ PDT1: 1.5, LT2: 2, FIC3_PV: 3 }]);
  });

  it.each([
    ['', 'Nothing was pasted.'],
    ['PDT1,LT2', 'There is a header, but no row below it.'],
    ['PDT1,FOO\n1,2', 'Column 2 “FOO” is not a tag of this plant.'],
    ['PDT1,pdt1\n1,2', 'Column “PDT1” appears twice.'],
    ['PDT1,LT2\n1,high', 'Line 2, column LT2: “high” is not a number.'],
    ['PDT1,LT2\n1', 'Line 2 has 1 columns, its header 2.'],
    ['1,2', 'Line 1 has 2 columns; 3 were expected, in the order of the tags, or a header above.'],
    ['1,2,3\n1,2,Infinity', 'Line 2, column FIC3_PV: “Infinity” is not a number.']
  ])('that cannot be meant is refused with the place: %j', (text, fault) => {
    expect(parseTable(text, ORDER)).toEqual({ rows: [], faults: [fault] });
  });

  it('tells of the first faults and how many are left', () => {
    const { faults } = parseTable(`PDT1\n${'x\n'.repeat(9)}`, ORDER);
    expect(faults).toHaveLength(6);
    expect(faults.at(-1)).toBe('… and 4 more.');
  });
});

describe('cells', () => {
  it('are split by what the first line has, with decimal commas where commas do not separate', () => {
    expect(cellsOf('a;1,5\n\n"b";2')).toEqual([
      ['a', '1.5'],
      ['b', '2']
    ]);
  });

  it.each([
    ['1', 1],
    ['-1.5e2', -150],
    ['', null],
    ['NaN', null],
    ['0x10', undefined],
    ['1e999', undefined],
    ['1 2', undefined]
  ])('%j is %j', (cell, number) => expect(numberOf(cell)).toBe(number));
});
