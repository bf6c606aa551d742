/** Bad signals as they are told: a tag and its extremes with the same value once; pure. */
import { minus } from '#lib/numbers.ts';
import type { BadSignal } from './score.service.ts';

export type ToldSignal = { names: string[]; value: string; range: [string, string]; crossed: string[] };

/** One a value, range and limits; the shortest name, which is the tag's, first. */
export function alike(signals: readonly BadSignal[]): ToldSignal[] {
  const found = new Map<string, ToldSignal>();
  for (const { name, value, range, crossed } of signals.toSorted((a, b) => a.name.length - b.name.length)) {
    const key = JSON.stringify([value, range, crossed]);
    const told = found.get(key);
    if (told) told.names.push(name);
    else
      found.set(key, {
        names: [name],
        value: short(value),
        range: [short(range[0]), short(range[1])],
        crossed
      });
  }
  return [...found.values()];
}

function short(value: number): string {
  return minus(String(Number(value.toPrecision(6))));
}
