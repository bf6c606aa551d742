/** What is wrong with a value as it is typed, before it is sent; pure. */
import type { Tag } from '#lib/plant/plants-manager.svelte.ts';
import { reading } from '#lib/numbers.ts';
import { predict as words } from '#lib/texts/predict.ts';
import { numberOf } from './csv.ts';

/** A typed value: null where there is none, undefined where it is no number. */
export function parseTyped(text: string): number | null | undefined {
  return numberOf(text.trim().replace(/^(-?\d+),(\d+)$/, '$1.$2'));
}

/** Why a value can't be sent; empty where it can. */
export function faultOf(text: string, tag: Tag): string {
  const value = parseTyped(text);
  if (value === undefined) return words.notNumber;
  const [low, high] = tag.range;
  return value !== null && (value < low || value > high)
    ? words.offRange(reading(low, tag), reading(high, tag), tag.unit)
    : '';
}

/** Whether a value is outside its tag's normal band. */
export function isOffBand(text: string, tag: Tag): boolean {
  const value = parseTyped(text);
  return typeof value === 'number' && tag.normal !== null && (value < tag.normal[0] || value > tag.normal[1]);
}
