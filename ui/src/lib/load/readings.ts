/** Readings for a load: within the normal bands, and some with one value beyond its limits; pure. */
import type { Tag } from '#lib/plant/plants-manager.svelte.ts';
import type { TagValues } from '#lib/predict/csv.ts';

/** So many standard deviations lie between the ends of a normal band. */
const SIGMAS = 6;

/** Readings of which `share` (0 to 1) are anomalous on average.
 *
 * @param random uniform in [0, 1). */
export function drawReadings(
  tags: readonly Tag[],
  count: number,
  share: number,
  random: () => number = Math.random
): TagValues[] {
  const able = tags.filter((tag) => beyond(tag).length > 0);
  return Array.from({ length: count }, () => {
    const row = Object.fromEntries(tags.map((tag) => [tag.name, usual(tag.normal ?? tag.range, random)]));
    if (able.length > 0 && random() < share) {
      const tag = pick(able, random);
      row[tag.name] = within(pick(beyond(tag), random), random);
    }
    return row;
  });
}

/** As the command line draws it: around the middle, nearly always within. */
function usual(span: readonly number[], random: () => number): number {
  const [low = 0, high = 0] = span;
  const [first, second] = [1 - random(), random()];
  const normal = Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
  const value = (low + high) / 2 + (normal * (high - low)) / SIGMAS;
  return short(Math.min(Math.max(value, low), high));
}

/** Where a value is no usual one and can still be true. */
function beyond(tag: Tag): [number, number][] {
  const { LL, L, H, HH } = tag.limits;
  const [low, high] = [LL ?? L ?? tag.normal?.[0], HH ?? H ?? tag.normal?.[1]];
  const spans: [number, number][] = [];
  if (low !== undefined && low > tag.range[0]) spans.push([tag.range[0], low]);
  if (high !== undefined && high < tag.range[1]) spans.push([high, tag.range[1]]);
  return spans;
}

function pick<T>(all: readonly T[], random: () => number): T {
  return all[Math.min(Math.floor(random() * all.length), all.length - 1)] as T;
}

function within([from, to]: readonly [number, number], random: () => number): number {
  return short(from + random() * (to - from));
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}
