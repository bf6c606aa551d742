/** What the dashboard makes of tags and their values; pure. */
import type { Quality } from '#lib/live/types.ts';
import type { LimitName } from '#lib/plant/limits.ts';
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';

export type ProcessUnit = { name: string; tags: Tag[] };
const ORDER: readonly LimitName[] = ['LL', 'L', 'H', 'HH'];

/** Tags that are shown as instruments: what is measured and used, by process unit. */
export function units(plant: Plant): ProcessUnit[] {
  const measured = plant.tags.filter((tag) => tag.role === 'indicator' || tag.role === 'pv');
  const used = measured.filter((tag) => tag.used);
  const shown = used.length > 0 ? used : measured;
  const sizes = (name: string) => shown.filter((tag) => tag.process_unit === name);
  return plant.process_units.map((name) => ({ name, tags: sizes(name) })).filter((unit) => unit.tags.length);
}

/** Limits of a tag that are set, from low to high. */
export function limits(tag: Tag): [LimitName, number][] {
  return ORDER.flatMap((name) => {
    const value = tag.limits[name];
    return value === null || value === undefined ? [] : [[name, value] as [LimitName, number]];
  });
}

/** From where to where an instrument's scale goes: its limits and normal band with a margin, else its range. */
export function scaleOf(tag: Tag): [number, number] {
  const known = [...limits(tag).map(([, value]) => value), ...(tag.normal ?? [])];
  if (known.length < 2) return [tag.range[0], tag.range[1]];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const margin = (high - low) * 0.12;
  return [Math.max(tag.range[0], low - margin), Math.min(tag.range[1], high + margin)];
}

/** Where on a scale a value lies, 0 to 1; beyond the ends it stands at them. */
export function placeOn([low, high]: readonly [number, number], value: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** Whether a value says nothing of the present; a held one is only one that hasn't moved. */
export function isBad(quality: Quality | undefined): boolean {
  return quality !== undefined && quality !== 'good' && quality !== 'held';
}

/** Change an hour over the newest hours, by least squares; null where there are too few values. */
export function slope(
  times: readonly number[],
  values: readonly (number | null)[],
  hours = 4
): number | null {
  const from = (times.at(-1) ?? 0) - hours * 3600;
  let [n, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
  for (let i = times.length - 1; i >= 0 && (times[i] as number) > from; i--) {
    const y = values[i];
    if (y === null || y === undefined) continue;
    const x = ((times[i] as number) - from) / 3600;
    [n, sx, sy, sxx, sxy] = [n + 1, sx + x, sy + y, sxx + x * x, sxy + x * y];
  }
  const spread = n * sxx - sx * sx;
  return n < 3 || spread === 0 ? null : (n * sxy - sx * sy) / spread;
}

/** A slope that a person would call one: a twentieth of the normal band an hour. */
export function moves(tag: Tag, perHour: number): boolean {
  const [low, high] = tag.normal ?? tag.range;
  return Math.abs(perHour) > (high - low) / 20;
}
