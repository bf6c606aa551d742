import { expect, it } from 'vitest';
import type { Tag } from '#lib/plant/plants-manager.svelte.ts';
import { faultOf, isOffBand, parseTyped } from './check.ts';
import { plant } from './fixtures.ts';

const pressure = plant.tags[1] as Tag;

it.each([
  ['', ''],
  ['250.5', ''],
  ['250,5', ''],
  ['abc', 'Not a number.'],
  ['1e999', 'Not a number.'],
  ['1000.1', 'Must be 0 to 1000 mbar.'],
  ['-1', 'Must be 0 to 1000 mbar.']
])('what is typed as %j: %j', (text, fault) => expect(faultOf(text, pressure)).toBe(fault));

it('knows decimal commas', () => expect(parseTyped('1,5')).toBe(1.5));

it('says what is outside the normal band', () => {
  expect([isOffBand('199', pressure), isOffBand('200', pressure), isOffBand('', pressure)]).toEqual([
    true,
    false,
    false
  ]);
});
