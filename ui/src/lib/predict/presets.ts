/** Rows made from what a plant's profile says: normal, beyond the limits, out of range, rising; pure. */
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';
import type { TagValues } from './csv.ts';

/** How far beyond a limit, as a share of the normal band's width or of the range. */
const BEYOND = 0.05;
const HOURS = 72;
const MOST_ROWS = 500;

/** The middle of each normal band; set points are at the middle of what they control; the rest is unknown. */
export function normalRow(tags: readonly Tag[]): TagValues {
  return Object.fromEntries(tags.map((tag) => [tag.name, middle(tag, tags)]));
}

/** Beyond the outermost limit of each tag that has one, above it where there is one above. */
export function highRiskRow(tags: readonly Tag[]): TagValues {
  return Object.fromEntries(tags.map((tag) => [tag.name, beyond(tag) ?? middle(tag, tags)]));
}

/** A value that can't be true in one tag, the rest normal; null where there is no tag. */
export function extremeRow(plant: Plant): { row: TagValues; tag: Tag; value: number } | null {
  const tag = watchedTag(plant) ?? plant.tags[0];
  if (!tag) return null;
  const value = short(tag.range[1] + (tag.range[1] - tag.range[0]) / 10);
  return { row: { ...normalRow(plant.tags), [tag.name]: value }, tag, value };
}

/** Normal rows, oldest first, but for one tag that rises beyond its upper limit; null where no tag has one. */
export function escalatingRows(plant: Plant, count: number): { rows: TagValues[]; tag: Tag } | null {
  const tag = watchedTag(plant);
  const base = normalRow(plant.tags);
  const end = tag && beyond(tag);
  if (!tag || end === null || end === undefined) return null;
  const start = base[tag.name] ?? tag.limits.L ?? tag.range[0];
  const rows = Array.from({ length: count }, (_, n) => ({
    ...base,
    [tag.name]: short(start + ((end - start) * n) / (count - 1))
  }));
  return { rows, tag };
}

/** How many rows the longest features look back; one where each reading is judged by itself. */
export function lookBack(plant: Plant): number {
  if (plant.judges === 'each_reading') return 1;
  return Math.min(Math.ceil((HOURS * 3600) / plant.interval_s), MOST_ROWS);
}

/** A row with the extremes within the interval that a plant keeps: those of a value that stood. */
export function withExtremes(row: TagValues, tags: readonly Tag[]): TagValues {
  const extremes = tags.flatMap((tag) =>
    tag.aggregates.map((which) => [`${tag.name}_${which}`, row[tag.name] ?? null] as const)
  );
  return { ...Object.fromEntries(extremes), ...row };
}

/** Names of the extremes. */
export function extremeNames(tags: readonly Tag[]): string[] {
  return tags.flatMap((tag) => tag.aggregates.map((which) => `${tag.name}_${which}`));
}

/** The first tag with an upper limit that an alarm rule names; else the first with an upper limit. */
function watchedTag(plant: Plant): Tag | undefined {
  const limited = plant.tags.filter((tag) => upper(tag) !== null);
  const named = plant.alarm_rules.flatMap((rule) => limited.filter((tag) => rule.when.includes(tag.name)));
  return named[0] ?? limited[0];
}

function middle(tag: Tag, tags: readonly Tag[]): number | null {
  const of =
    tag.role === 'sp'
      ? tags.find((other) => other.role === 'pv' && other.controller === tag.controller)
      : tag;
  return of?.normal ? short((of.normal[0] + of.normal[1]) / 2) : null;
}

function beyond(tag: Tag): number | null {
  const { L, LL } = tag.limits;
  const [low, high] = tag.normal ?? tag.range;
  const step = (high - low) * BEYOND;
  const top = upper(tag);
  if (top !== null) return short(Math.min(top + step, tag.range[1]));
  const bottom = LL ?? L ?? null;
  return bottom === null ? null : short(Math.max(bottom - step, tag.range[0]));
}

function upper(tag: Tag): number | null {
  return tag.limits.HH ?? tag.limits.H ?? null;
}

function short(value: number): number {
  return Number(value.toPrecision(5));
}
