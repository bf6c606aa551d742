/** Which tags' readings tell a warning's story; pure. */
import type { Warning } from '#lib/live/types.ts';
import type { Plant, Tag } from '#lib/plant/plants-manager.svelte.ts';
import { drivers } from './warning.ts';

const MOST = 4;

/** A rule's own tags first, then what pushed towards the alarm; a controller stands for its process value. */
export function drivingTags(warning: Warning, plant: Plant, most = MOST): Tag[] {
  const name = warning.crossed.rule ?? '';
  const rule = plant.alarm_rules.find((one) => one.name === name);
  const pushing = (drivers(warning) ?? []).filter((driver) => driver.contribution > 0);
  const named = [...words(rule?.when ?? name), ...pushing.map((driver) => driver.tag)];
  const found = named.flatMap((name) => tagOf(name, plant) ?? []);
  return [...new Set(found)].slice(0, most);
}

/** Which extreme of a tag's intervals an alarm rule reads, or, without one, any of them. */
export function extremeRead(rule: string | null, tag: Tag, plant: Plant): 'max' | 'min' | null {
  const read = plant.alarm_rules.filter((one) => rule === null || one.name === rule);
  const named = new Set(read.flatMap((one) => words(one.when)));
  return tag.aggregates.find((which) => named.has(`${tag.name}_${which}`)) ?? null;
}

/** The set point of a controller's process value. */
export function setPointOf(tag: Tag, plant: Plant): Tag | null {
  if (tag.role !== 'pv' || tag.controller === null) return null;
  return plant.tags.find((other) => other.controller === tag.controller && other.role === 'sp') ?? null;
}

/** The tag that a driver or a word of a rule is of: 'PDT31008_max' is of PDT31008. */
function tagOf(name: string, plant: Plant): Tag | null {
  const pv = plant.tags.find((tag) => tag.controller === name && tag.role === 'pv');
  if (pv) return pv;
  const longest = plant.tags.toSorted((a, b) => b.name.length - a.name.length);
  const own = longest.find((tag) => name === tag.name || name.startsWith(`${tag.name}_`)) ?? null;
  if (own?.role !== 'sp') return own;
  return plant.tags.find((tag) => tag.controller === own.controller && tag.role === 'pv') ?? own;
}

function words(condition: string): string[] {
  return condition.match(/\w+/g) ?? [];
}
